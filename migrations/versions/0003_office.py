"""Offices confirm their staff; why somebody left and where to; questions about records; letters that are held."""

import sqlalchemy as sa
from alembic import op

revision = '0003_office'
down_revision = "0003_calls"

STATES = "'claimed','sending','sent','unknown','failed','cancelled')"


def upgrade():
    op.create_table(
        'staff_confirmation',
        sa.Column('organisation_id', sa.Uuid(), nullable=False),
        sa.Column('confirmed_on', sa.Date(), nullable=False),
        sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('confirmed_by', sa.Uuid(), nullable=True),
        sa.Column('present', sa.Integer(), nullable=False),
        sa.Column('moved', sa.Integer(), nullable=False),
        sa.Column('left', sa.Integer(), nullable=False),
        sa.Column('added', sa.Integer(), nullable=False),
        sa.Column('press', sa.String(length=40), nullable=False),
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(['confirmed_by'], ['person.id'], name=op.f('fk_staff_confirmation_confirmed_by'), ondelete='RESTRICT'),
        sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_staff_confirmation_organisation_id'), ondelete='RESTRICT'),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_staff_confirmation')),
        sa.UniqueConstraint('organisation_id', 'confirmed_on', name=op.f('uq_staff_confirmation_organisation_id_confirmed_on')),
    )
    op.create_table(
        'record_question',
        sa.Column('kind', sa.String(length=20), nullable=False),
        sa.Column('about', sa.String(length=80), nullable=False),
        sa.Column('person_id', sa.Uuid(), nullable=False),
        sa.Column('organisation_id', sa.Uuid(), nullable=True),
        sa.Column('address_id', sa.Uuid(), nullable=True),
        sa.Column('data', sa.JSON(), nullable=False),
        sa.Column('raised_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('raised_by', sa.Uuid(), nullable=True),
        sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('answered_by', sa.Uuid(), nullable=True),
        sa.Column('answer', sa.String(length=20), nullable=False),
        sa.Column('word', sa.String(length=500), nullable=False),
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(['address_id'], ['address.id'], name=op.f('fk_record_question_address_id'), ondelete='RESTRICT'),
        sa.ForeignKeyConstraint(['answered_by'], ['person.id'], name=op.f('fk_record_question_answered_by'), ondelete='RESTRICT'),
        sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_record_question_organisation_id'), ondelete='RESTRICT'),
        sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_record_question_person_id'), ondelete='RESTRICT'),
        sa.ForeignKeyConstraint(['raised_by'], ['person.id'], name=op.f('fk_record_question_raised_by'), ondelete='RESTRICT'),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_record_question')),
    )
    open_only = sa.text('answered_at IS NULL')
    op.create_index('uq_record_question_open', 'record_question', ['kind', 'about'], unique=True, sqlite_where=open_only, postgresql_where=open_only)
    op.create_index(op.f('ix_record_question_person_id'), 'record_question', ['person_id'], unique=False)
    op.create_index(op.f('ix_record_question_organisation_id'), 'record_question', ['organisation_id'], unique=False)

    with op.batch_alter_table('outbox_message', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('ck_outbox_message_state'), type_='check')
        batch_op.create_check_constraint(batch_op.f('ck_outbox_message_state'), "state IN ('due','held'," + STATES)

    op.execute("UPDATE membership SET destination = 'national', end_reason = 'unknown' WHERE end_reason = 'other_office'")
    op.execute("UPDATE membership SET destination = 'abroad', end_reason = 'unknown' WHERE end_reason = 'abroad'")
    op.execute("UPDATE membership SET destination = 'unknown' WHERE ends_on IS NOT NULL AND destination = ''")


def downgrade():
    # The old column held where somebody went or why they left; where they went is what it was mostly used for.
    op.execute("UPDATE membership SET end_reason = 'other_office' WHERE end_reason = 'unknown' AND destination IN ('national','office')")
    op.execute("UPDATE membership SET end_reason = 'abroad' WHERE end_reason = 'unknown' AND destination IN ('abroad','agency')")
    op.execute("UPDATE membership SET end_reason = 'other' WHERE end_reason IN ('offer','rotation','study','personal')")
    op.execute("UPDATE membership SET destination = '', destination_id = NULL, successor_id = NULL")

    op.execute("UPDATE outbox_message SET state = 'due' WHERE state = 'held'")
    with op.batch_alter_table('outbox_message', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('ck_outbox_message_state'), type_='check')
        batch_op.create_check_constraint(batch_op.f('ck_outbox_message_state'), "state IN ('due'," + STATES)

    op.drop_table('record_question')
    op.drop_table('staff_confirmation')
