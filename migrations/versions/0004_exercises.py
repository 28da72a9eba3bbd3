"""Practical exercises: tasks with data of one's own, and the tries at them"""

import sqlalchemy as sa
from alembic import op

revision = '0004_exercises'
down_revision = '0003_privacy'


def upgrade():
    op.create_table('exercise_task',
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.Column('exercise', sa.String(length=60), nullable=False),
    sa.Column('form', sa.String(length=5), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('seed', sa.String(length=64), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('expected', sa.JSON(), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('figures_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('rows_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('passed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.CheckConstraint("form IN ('phone','desk')", name=op.f('ck_exercise_task_form')),
    sa.CheckConstraint('number >= 1', name=op.f('ck_exercise_task_number')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_exercise_task_person_id_person'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_exercise_task')),
    sa.UniqueConstraint('person_id', 'exercise', 'form', 'number', name=op.f('uq_exercise_task_person_id_exercise_form_number')),
    )
    op.create_table('exercise_answer',
    sa.Column('task_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('given', sa.JSON(), nullable=False),
    sa.Column('file_id', sa.Uuid(), nullable=True),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('found', sa.JSON(), nullable=False),
    sa.Column('right', sa.Boolean(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.CheckConstraint("state IN ('waiting','graded','refused')", name=op.f('ck_exercise_answer_state')),
    sa.ForeignKeyConstraint(['file_id'], ['stored_file.id'], name=op.f('fk_exercise_answer_file_id_stored_file'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['task_id'], ['exercise_task.id'], name=op.f('fk_exercise_answer_task_id_exercise_task'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_exercise_answer')),
    sa.UniqueConstraint('task_id', 'number', name=op.f('uq_exercise_answer_task_id_number')),
    )


def downgrade():
    op.drop_table('exercise_answer')
    op.drop_table('exercise_task')
