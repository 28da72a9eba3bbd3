"""Surveys: questionnaires as they were sent, who was asked, what was answered"""

import sqlalchemy as sa
from alembic import op

revision = '0003_surveys'
down_revision = '0003_records'


def upgrade():
    op.create_table('survey_version',
    sa.Column('template', sa.String(length=60), nullable=False),
    sa.Column('scope', sa.String(length=20), nullable=False),
    sa.Column('scope_id', sa.String(length=40), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('data', sa.JSON(), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('origin', sa.String(length=64), nullable=False),
    sa.Column('edited_by', sa.Uuid(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['edited_by'], ['person.id'], name=op.f('fk_survey_version_edited_by'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_survey_version')),
    sa.UniqueConstraint('template', 'scope', 'scope_id', 'number', name=op.f('uq_survey_version_template_scope_scope_id_number'))
    )
    op.create_table('survey',
    sa.Column('version_id', sa.Uuid(), nullable=False),
    sa.Column('answered_by', sa.String(length=12), nullable=False),
    sa.Column('audience_kind', sa.String(length=20), nullable=False),
    sa.Column('audience_id', sa.String(length=40), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('opened_on', sa.Date(), nullable=False),
    sa.Column('closes_on', sa.Date(), nullable=False),
    sa.Column('sent_by', sa.Uuid(), nullable=True),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.CheckConstraint('closes_on > opened_on', name=op.f('ck_survey_order')),
    sa.CheckConstraint("answered_by IN ('person','institution')", name=op.f('ck_survey_answered_by')),
    sa.ForeignKeyConstraint(['sent_by'], ['person.id'], name=op.f('fk_survey_sent_by'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['version_id'], ['survey_version.id'], name=op.f('fk_survey_version_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_survey'))
    )
    with op.batch_alter_table('survey', schema=None) as batch_op:
        batch_op.create_index('ix_survey_audience', ['audience_kind', 'audience_id'], unique=False)
        batch_op.create_index('ix_survey_open', ['closes_on'], unique=False, sqlite_where=sa.text('closed_at IS NULL'), postgresql_where=sa.text('closed_at IS NULL'))

    op.create_table('survey_invitation',
    sa.Column('survey_id', sa.Uuid(), nullable=False),
    sa.Column('organisation_id', sa.Uuid(), nullable=True),
    sa.Column('recipient_id', sa.Uuid(), nullable=True),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('reminder_hash', sa.String(length=64), nullable=True),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('reminded_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('answered', sa.Boolean(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_survey_invitation_organisation_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['recipient_id'], ['person.id'], name=op.f('fk_survey_invitation_recipient_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['survey_id'], ['survey.id'], name=op.f('fk_survey_invitation_survey_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_survey_invitation')),
    sa.UniqueConstraint('reminder_hash', name=op.f('uq_survey_invitation_reminder_hash')),
    sa.UniqueConstraint('survey_id', 'organisation_id', 'recipient_id', name=op.f('uq_survey_invitation_survey_id_organisation_id_recipient_id')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_survey_invitation_token_hash'))
    )
    with op.batch_alter_table('survey_invitation', schema=None) as batch_op:
        batch_op.create_index('uq_survey_invitation_person', ['survey_id', 'recipient_id'], unique=True, sqlite_where=sa.text('organisation_id IS NULL'), postgresql_where=sa.text('organisation_id IS NULL'))
        batch_op.create_index(batch_op.f('ix_survey_invitation_organisation_id'), ['organisation_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_survey_invitation_recipient_id'), ['recipient_id'], unique=False)

    # Without a rowid, which would keep the order in which people answered.
    op.create_table('survey_response',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('survey_id', sa.Uuid(), nullable=False),
    sa.Column('answers', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['survey_id'], ['survey.id'], name=op.f('fk_survey_response_survey_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_survey_response')),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('survey_response', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_survey_response_survey_id'), ['survey_id'], unique=False)

    op.create_table('office_answer',
    sa.Column('survey_id', sa.Uuid(), nullable=False),
    sa.Column('organisation_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('answers', sa.JSON(), nullable=False),
    sa.Column('answered_by', sa.Uuid(), nullable=True),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['answered_by'], ['person.id'], name=op.f('fk_office_answer_answered_by'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_office_answer_organisation_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['survey_id'], ['survey.id'], name=op.f('fk_office_answer_survey_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_office_answer')),
    sa.UniqueConstraint('survey_id', 'organisation_id', 'number', name=op.f('uq_office_answer_survey_id_organisation_id_number'))
    )
    with op.batch_alter_table('office_answer', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_office_answer_answered_by'), ['answered_by'], unique=False)
        batch_op.create_index(batch_op.f('ix_office_answer_organisation_id'), ['organisation_id'], unique=False)


def downgrade():
    for name in ('office_answer', 'survey_response', 'survey_invitation', 'survey', 'survey_version'):
        op.drop_table(name)
