"""Two records of one human: merged and parted."""

import sqlalchemy as sa
from alembic import op

revision = '0003_records'
down_revision = '0003_office'


def upgrade():
    op.create_table('person_merge',
    sa.Column('kept_id', sa.Uuid(), nullable=False),
    sa.Column('merged_id', sa.Uuid(), nullable=False),
    sa.Column('merged_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('merged_by', sa.Uuid(), nullable=True),
    sa.Column('reason', sa.String(length=500), nullable=False),
    sa.Column('prepared', sa.JSON(), nullable=False),
    sa.Column('parted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('parted_by', sa.Uuid(), nullable=True),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.CheckConstraint('kept_id <> merged_id', name=op.f('ck_person_merge_two')),
    sa.ForeignKeyConstraint(['kept_id'], ['person.id'], name=op.f('fk_person_merge_kept_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['merged_by'], ['person.id'], name=op.f('fk_person_merge_merged_by'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['merged_id'], ['person.id'], name=op.f('fk_person_merge_merged_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['parted_by'], ['person.id'], name=op.f('fk_person_merge_parted_by'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_person_merge'))
    )
    with op.batch_alter_table('person_merge', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_person_merge_kept_id'), ['kept_id'], unique=False)
        batch_op.create_index('uq_person_merge_open', ['merged_id'], unique=True, sqlite_where=sa.text('parted_at IS NULL'), postgresql_where=sa.text('parted_at IS NULL'))


def downgrade():
    op.drop_table('person_merge')
