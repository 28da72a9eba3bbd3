"""The people around the trainee."""

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'


def upgrade():
    with op.batch_alter_table('person', schema=None) as batch_op:
        batch_op.add_column(sa.Column('merged_into', sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column('erased_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(batch_op.f('ix_person_merged_into'), ['merged_into'], unique=False)
        batch_op.create_foreign_key(batch_op.f('fk_person_merged_into'), 'person', ['merged_into'], ['id'], ondelete='RESTRICT')

    with op.batch_alter_table('address', schema=None) as batch_op:
        batch_op.add_column(sa.Column('added_by', sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column('bounced_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.create_foreign_key(batch_op.f('fk_address_added_by'), 'person', ['added_by'], ['id'], ondelete='RESTRICT')

    with op.batch_alter_table('cohort', schema=None) as batch_op:
        batch_op.add_column(sa.Column('scope', sa.String(length=20), nullable=False, server_default='programme'))
        batch_op.add_column(sa.Column('scope_id', sa.String(length=40), nullable=False, server_default=''))
        batch_op.create_check_constraint(batch_op.f('ck_cohort_scope'), "scope IN ('programme','region','country')")
        batch_op.create_index('ix_cohort_scope', ['scope', 'scope_id'], unique=False)

    with op.batch_alter_table('membership', schema=None) as batch_op:
        batch_op.add_column(sa.Column('destination', sa.String(length=20), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('destination_id', sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column('successor_id', sa.Uuid(), nullable=True))
        batch_op.create_foreign_key(batch_op.f('fk_membership_destination_id'), 'organisation', ['destination_id'], ['id'], ondelete='RESTRICT')
        batch_op.create_foreign_key(batch_op.f('fk_membership_successor_id'), 'person', ['successor_id'], ['id'], ondelete='RESTRICT')


def downgrade():
    with op.batch_alter_table('membership', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_membership_successor_id'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('fk_membership_destination_id'), type_='foreignkey')
        batch_op.drop_column('successor_id')
        batch_op.drop_column('destination_id')
        batch_op.drop_column('destination')

    with op.batch_alter_table('cohort', schema=None) as batch_op:
        batch_op.drop_index('ix_cohort_scope')
        batch_op.drop_constraint(batch_op.f('ck_cohort_scope'), type_='check')
        batch_op.drop_column('scope_id')
        batch_op.drop_column('scope')

    with op.batch_alter_table('address', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_address_added_by'), type_='foreignkey')
        batch_op.drop_column('bounced_at')
        batch_op.drop_column('added_by')

    with op.batch_alter_table('person', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_person_merged_into'), type_='foreignkey')
        batch_op.drop_index(batch_op.f('ix_person_merged_into'))
        batch_op.drop_column('erased_at')
        batch_op.drop_column('merged_into')
