"""Figures as they were released."""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'


def upgrade():
    op.create_table('figure_release',
    sa.Column('month', sa.Date(), nullable=False),
    sa.Column('counted_on', sa.Date(), nullable=False),
    sa.Column('left_out', sa.JSON(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_figure_release')),
    sa.UniqueConstraint('month', name=op.f('uq_figure_release_month'))
    )
    op.create_table('figure_group',
    sa.Column('release_id', sa.Uuid(), nullable=False),
    sa.Column('offices', sa.JSON(), nullable=False),
    sa.Column('numbers', sa.JSON(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['release_id'], ['figure_release.id'], name=op.f('fk_figure_group_release_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_figure_group'))
    )
    with op.batch_alter_table('figure_group', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_figure_group_release_id'), ['release_id'], unique=False)


def downgrade():
    with op.batch_alter_table('figure_group', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_figure_group_release_id'))

    op.drop_table('figure_group')
    op.drop_table('figure_release')
