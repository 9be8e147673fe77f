"""Writes a tiny model with random weights for llama.cpp, which answers with random numbers as words. Argument: path of the file."""

import sys

import gguf
import numpy

LAYERS, WIDTH, HEADS, INNER, CONTEXT = 2, 64, 4, 128, 2048
SPECIAL = ["<unk>", "<s>", "</s>"]
# Every text can be written with tokens of one byte.
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
WORDS = [f"\u2581{word}" for word in "one two three four five six seven eight nine ten eleven twelve".split()]
TOKENS = [*SPECIAL, *BYTES, *WORDS]
TYPES = [
    gguf.TokenType.UNKNOWN,
    *[gguf.TokenType.CONTROL] * 2,
    *[gguf.TokenType.BYTE] * len(BYTES),
    *[gguf.TokenType.NORMAL] * len(WORDS),
]

random = numpy.random.default_rng(0)


def weights(*shape: int) -> numpy.ndarray:
    return random.standard_normal(shape).astype(numpy.float32)


writer = gguf.GGUFWriter(sys.argv[1], "llama")
writer.add_context_length(CONTEXT)
writer.add_embedding_length(WIDTH)
writer.add_block_count(LAYERS)
writer.add_feed_forward_length(INNER)
writer.add_head_count(HEADS)
writer.add_layer_norm_rms_eps(1e-5)
writer.add_tokenizer_model("llama")
writer.add_token_list(TOKENS)
writer.add_token_scores([0.0] * len(TOKENS))
writer.add_token_types(TYPES)

writer.add_tensor("token_embd.weight", weights(len(TOKENS), WIDTH))
for layer in range(LAYERS):
    for name, shape in {
        "attn_q": (WIDTH, WIDTH),
        "attn_k": (WIDTH, WIDTH),
        "attn_v": (WIDTH, WIDTH),
        "attn_output": (WIDTH, WIDTH),
        "ffn_gate": (INNER, WIDTH),
        "ffn_up": (INNER, WIDTH),
        "ffn_down": (WIDTH, INNER),
    }.items():
        writer.add_tensor(f"blk.{layer}.{name}.weight", weights(*shape) / 8)
    for name in ("attn_norm", "ffn_norm"):
        writer.add_tensor(f"blk.{layer}.{name}.weight", numpy.ones(WIDTH, numpy.float32))
writer.add_tensor("output_norm.weight", numpy.ones(WIDTH, numpy.float32))
# Only words are likely: neither a part of a character nor the end of the text.
output = numpy.zeros((len(TOKENS), WIDTH), numpy.float32)
output[-len(WORDS) :] = weights(len(WORDS), WIDTH)
writer.add_tensor("output.weight", output)

writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
