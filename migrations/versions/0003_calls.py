"""Cohorts begin as a call: their facts, the call with its seats, nominations."""

import sqlalchemy as sa
from alembic import op

revision = '0003_calls'
down_revision = '0003'


def upgrade():
    with op.batch_alter_table('cohort', schema=None) as batch_op:
        batch_op.add_column(sa.Column('organisers', sa.JSON(), nullable=False, server_default='[]'))
        batch_op.add_column(sa.Column('funders', sa.JSON(), nullable=False, server_default='[]'))
        batch_op.add_column(sa.Column('project_code', sa.String(length=60), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('people_wanted', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('graduates_wanted', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('cost', sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column('currency', sa.String(length=3), nullable=False, server_default=''))
        batch_op.create_check_constraint(batch_op.f('ck_cohort_people_wanted'), 'people_wanted IS NULL OR people_wanted >= 1')
        batch_op.create_check_constraint(batch_op.f('ck_cohort_graduates_wanted'), 'graduates_wanted IS NULL OR graduates_wanted >= 1')
        batch_op.create_check_constraint(batch_op.f('ck_cohort_cost'), "cost IS NULL OR (cost >= 0 AND currency <> '')")

    op.create_table('call',
    sa.Column('cohort_id', sa.Uuid(), nullable=False),
    sa.Column('opens_on', sa.Date(), nullable=False),
    sa.Column('closes_on', sa.Date(), nullable=False),
    sa.Column('seats', sa.Integer(), nullable=False),
    sa.Column('message', sa.Text(), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('selected_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.CheckConstraint('closes_on >= opens_on', name=op.f('ck_call_order')),
    sa.CheckConstraint('seats >= 1', name=op.f('ck_call_seats')),
    sa.ForeignKeyConstraint(['cohort_id'], ['cohort.id'], name=op.f('fk_call_cohort_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_call')),
    sa.UniqueConstraint('cohort_id', name=op.f('uq_call_cohort_id'))
    )
    op.create_table('call_seat',
    sa.Column('call_id', sa.Uuid(), nullable=False),
    sa.Column('organisation_id', sa.Uuid(), nullable=False),
    sa.Column('seats', sa.Integer(), nullable=False),
    sa.Column('told_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reminded_of', sa.Date(), nullable=True),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.CheckConstraint('seats >= 1', name=op.f('ck_call_seat_seats')),
    sa.ForeignKeyConstraint(['call_id'], ['call.id'], name=op.f('fk_call_seat_call_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_call_seat_organisation_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_call_seat')),
    sa.UniqueConstraint('call_id', 'organisation_id', name=op.f('uq_call_seat_call_id_organisation_id'))
    )
    with op.batch_alter_table('call_seat', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_call_seat_organisation_id'), ['organisation_id'], unique=False)

    op.create_table('nomination',
    sa.Column('cohort_id', sa.Uuid(), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=True),
    sa.Column('organisation_id', sa.Uuid(), nullable=True),
    sa.Column('by_hand', sa.Boolean(), nullable=False),
    sa.Column('is_new', sa.Boolean(), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('address', sa.String(length=320), nullable=False),
    sa.Column('address_key', sa.String(length=320), nullable=False),
    sa.Column('language', sa.String(length=10), nullable=False),
    sa.Column('nominated_by', sa.Uuid(), nullable=True),
    sa.Column('nominated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('supervisor', sa.String(length=200), nullable=False),
    sa.Column('supervisor_agreed', sa.Boolean(), nullable=False),
    sa.Column('motivation', sa.Text(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('position', sa.Integer(), nullable=True),
    sa.Column('decided_by', sa.Uuid(), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reason', sa.String(length=500), nullable=False),
    sa.Column('letters', sa.Integer(), nullable=False),
    sa.Column('selected_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('taken_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.CheckConstraint("state IN ('nominated','selected','waiting','refused','declined','withdrawn')", name=op.f('ck_nomination_state')),
    sa.CheckConstraint("person_id IS NOT NULL OR address_key <> ''", name=op.f('ck_nomination_who')),
    sa.CheckConstraint('by_hand OR organisation_id IS NOT NULL', name=op.f('ck_nomination_source')),
    sa.ForeignKeyConstraint(['cohort_id'], ['cohort.id'], name=op.f('fk_nomination_cohort_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_nomination_person_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_nomination_organisation_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['nominated_by'], ['person.id'], name=op.f('fk_nomination_nominated_by'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['decided_by'], ['person.id'], name=op.f('fk_nomination_decided_by'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_nomination')),
    sa.UniqueConstraint('cohort_id', 'person_id', name=op.f('uq_nomination_cohort_id_person_id'))
    )
    with op.batch_alter_table('nomination', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_nomination_person_id'), ['person_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_nomination_organisation_id'), ['organisation_id'], unique=False)
        batch_op.create_index('uq_nomination_cohort_id_organisation_id_address_key', ['cohort_id', 'organisation_id', 'address_key'], unique=True, sqlite_where=sa.text("address_key <> '' AND NOT by_hand"), postgresql_where=sa.text("address_key <> '' AND NOT by_hand"))
        batch_op.create_index('uq_nomination_cohort_id_address_key', ['cohort_id', 'address_key'], unique=True, sqlite_where=sa.text('by_hand'), postgresql_where=sa.text('by_hand'))


def downgrade():
    op.drop_table('nomination')
    op.drop_table('call_seat')
    op.drop_table('call')
    with op.batch_alter_table('cohort', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('ck_cohort_cost'), type_='check')
        batch_op.drop_constraint(batch_op.f('ck_cohort_graduates_wanted'), type_='check')
        batch_op.drop_constraint(batch_op.f('ck_cohort_people_wanted'), type_='check')
        batch_op.drop_column('currency')
        batch_op.drop_column('cost')
        batch_op.drop_column('graduates_wanted')
        batch_op.drop_column('people_wanted')
        batch_op.drop_column('project_code')
        batch_op.drop_column('funders')
        batch_op.drop_column('organisers')
