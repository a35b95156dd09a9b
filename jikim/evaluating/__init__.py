"""How well an analyzer does on files whose truth a manifest states: figures with intervals, by group, and how long it takes.

    manifest -> lines -> looks -> figures -> JSON, drawings and model cards

Manifests are TSV with a header; `file` is relative to the manifest. Columns by task, those in brackets optional:

    age             file, age in years [, gender: female male f m 여 남] [, group]     one person a picture
    faces           file, faces: how many are seen [, group]
    tracks          file: a film of one person, age [, gender] [, group]
    same-person     file, other: a second picture, same: 1 where both show one person, else 0 [, group]
    objects         file, labels with ; between them [, group]
    screen-text     file, text [, group]
    speech          file, transcript (or speech_transcript; empty: sound without speech) [, audio: 0 for no sound] [, group]
    youth-language  text (or file: a text file), label: 1 for a young person's words, else 0 [, group]
    sensitive       file [, group]     harmless media only; how much is found is deliberately never measured
    assessment      file, text or both, minor: 1 or 0, look: whether a person should look, 1 or 0; either may be empty [, group]
    copies          file, item: label or sha256 of the item of a bank that it is a copy of, empty for none [, group]
"""

from jikim.evaluating.evaluation import TASKS, Evaluation, Problem, evaluate

__all__ = ["TASKS", "Evaluation", "Problem", "evaluate"]
