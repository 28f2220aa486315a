"""Fine-tunes a published checkpoint on snapshots of ReviewTUI, and hands back a folder that `reviewtui model add`
loads.

    torchrun --nproc-per-node 2 -m reviewtui_train --snapshot shards --checkpoint clip --out tuned --bf16

What is read (`snapshot`), what is learnt from it (`targets`), in which order (`loading`), by which network (`network`,
`lora`), on how many devices (`parallel`), step by step (`training`), from where a killed run goes on (`resume`), how
good it is (`figures`, `evaluation`), and what is handed back (`handover`). The article is docs/training.md.
"""


class Refused(Exception):
    """What was given cannot be trained on, in words that say what to do next."""
