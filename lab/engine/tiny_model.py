"""Make a tiny language model with random weights: a real Llama in every respect but sense and size.

Runs inside the engine's own environment (it needs torch, tokenizers and transformers), reaches no network, and gives
the same weights and tokenizer every time. Two layers and 163,520 parameters: it loads in a moment and streams hundreds
of tokens per second on one core.
"""

from __future__ import annotations

import os
import random
import sys
import typing as t
from pathlib import Path

SEED = 0
CONTEXT_LENGTH = 2048
CORPUS_LINES = 4000
WORDS_PER_LINE = 24
CORPUS_WORDS = (  # noqa: SIM905 - a list of words reads best as words
    "the a an and or of to in is it for on with as at by from that this be are was not you we can will "
    "request response audit source user gateway token latency model server health metrics stream key plan limit "
    "quota header route host task service balancer target listener cluster image launch template network group log "
    "table record time second minute hour day open close start stop wait ready error answer question hello world"
).split()

# The order gives the ids 0 to 4.
PAD, BOS, EOS, TURN_START, TURN_END = SPECIAL_TOKENS = ("<pad>", "<s>", "</s>", "<|im_start|>", "<|im_end|>")

# ChatML; without a template vLLM refuses chat completions.
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def corpus() -> t.Iterator[str]:
    chooser = random.Random(SEED)
    for _line in range(CORPUS_LINES):
        yield " ".join(chooser.choices(CORPUS_WORDS, k=WORDS_PER_LINE)) + ". user\nassistant\nsystem\n"


def make_tokenizer() -> t.Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE(unk_token=None))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=1024,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=list(SPECIAL_TOKENS),
        show_progress=False,
    )
    raw.train_from_iterator(corpus(), trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw,
        bos_token=BOS,
        eos_token=TURN_END,
        pad_token=PAD,
        additional_special_tokens=[TURN_START],
        model_max_length=CONTEXT_LENGTH,
        clean_up_tokenization_spaces=False,
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def make_model(tokenizer: t.Any) -> t.Any:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(SEED)
    config = LlamaConfig(
        # The tokenizer's real length: every id that random weights may sample must decode to something.
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=256,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=32,
        max_position_embeddings=CONTEXT_LENGTH,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return LlamaForCausalLM(config).to(torch.bfloat16)


def make(destination: Path) -> None:
    tokenizer = make_tokenizer()
    tokenizer.save_pretrained(destination)
    make_model(tokenizer).save_pretrained(destination, safe_serialization=True)


if __name__ == "__main__":
    os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1")
    make(Path(sys.argv[1]))
