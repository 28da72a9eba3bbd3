"""What a certificate certifies beyond completion: competencies, each from the day on which it was shown"""

import sqlalchemy as sa
from alembic import op

revision = '0005_competencies'
down_revision = '0004_exercises'


def upgrade():
    op.create_table('certified_competency',
    sa.Column('certificate_id', sa.Uuid(), nullable=False),
    sa.Column('competency', sa.String(length=20), nullable=False),
    sa.Column('questions', sa.Integer(), nullable=False),
    sa.Column('share', sa.Float(), nullable=False),
    sa.Column('exercise', sa.String(length=60), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.CheckConstraint('share >= 0 AND share <= 1', name=op.f('ck_certified_competency_share')),
    sa.ForeignKeyConstraint(['certificate_id'], ['certificate.id'], name=op.f('fk_certified_competency_certificate_id_certificate'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_certified_competency')),
    sa.UniqueConstraint('certificate_id', 'competency', name=op.f('uq_certified_competency_certificate_id_competency')),
    )
    op.create_index(op.f('ix_certified_competency_competency'), 'certified_competency', ['competency'])


def downgrade():
    op.drop_table('certified_competency')
