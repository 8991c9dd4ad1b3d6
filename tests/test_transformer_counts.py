"""Transformers with published sizes: tied embeddings, and the formula beside the operators."""

import pytest
from joulesweep import plugins
from joulesweep.counting import job as counting_job
from joulesweep.model import inputs

from tests.count_specs import image, shallow, tokens
from tests.installed import require

require("torch", "transformers")

pytestmark = pytest.mark.slow


VOCABULARY, WIDTH, SEQUENCE = 30522, 768, 128


def _columns(spec: dict, *counters: str, **at: int) -> dict:
    subject = counting_job.module(spec)
    found: dict = {}
    for name in counters:
        found |= plugins.load("counters", name)().point(subject, {**inputs.base_point(spec), **at})
    return found


def test_bert_base_with_its_head_shares_the_embedding_and_a_bias():
    """110 million: 30522 x 768 of them, and the output's bias, are one tensor under two names."""
    found = _columns(tokens("transformers:BertForMaskedLM"), "parameters")
    assert found["params"] == found["params_by_storage"] == 109_514_298
    assert found["params_every_use"] == 109_514_298 + VOCABULARY * WIDTH + VOCABULARY
    assert "word_embeddings.weight = cls.predictions.decoder.weight (23440896)" in found["shared"]


def test_gpt_2_shares_its_embedding_with_its_head():
    found = _columns(tokens("transformers:GPT2LMHeadModel"), "parameters")
    assert found["params"] == found["params_by_storage"] == 124_439_808
    assert found["params_every_use"] == 124_439_808 + 50257 * 768
    assert found["shared"] == "transformer.wte.weight = lm_head.weight (38597376)"


def test_bert_base_alone_shares_nothing():
    found = _columns(tokens("transformers:BertModel"), "parameters")
    assert found["params"] == found["params_every_use"] == 109_482_240
    assert found["shared"] == ""


def test_the_formula_is_exact_for_gpt_2_and_llama(tmp_path):
    for spec in (tokens("transformers:GPT2LMHeadModel"), shallow(tmp_path, "LlamaForCausalLM", SEQUENCE)):
        found = _columns(spec, "flops", "formula")
        assert found["macs_formula"] == found["macs"]


def test_the_formula_misses_one_layer_of_bert_s_head_and_nothing_else():
    """The layer that transforms each token before the vocabulary: 0.5 % at sequence 128."""
    found = _columns(tokens("transformers:BertForMaskedLM"), "flops", "formula")
    assert found["macs"] - found["macs_formula"] == SEQUENCE * WIDTH * WIDTH
    assert found["macs_formula"] == pytest.approx(found["macs"], rel=0.01)


def test_scores_grow_with_the_square_of_the_sequence_and_the_rest_in_proportion():
    one, two = (_columns(tokens("transformers:GPT2LMHeadModel"), "flops", sequence=n)["macs"] for n in (128, 256))
    scores = 12 * 2 * 128 * 128 * 768
    assert two == 2 * (one - scores) + 4 * scores


@pytest.mark.parametrize(
    "source", ["torchvision:vit_b_16", "transformers:ViTForImageClassification", "timm:vit_tiny_patch16_224"]
)
def test_the_formula_agrees_for_vision_transformers_of_every_library(source):
    pytest.importorskip(source.partition(":")[0])
    found = _columns(image(source), "flops", "formula", batch=3)
    assert found["macs_formula"] == pytest.approx(found["macs"], rel=0.001)


def test_a_mask_and_keyword_inputs_change_nothing_that_is_multiplied():
    plain = tokens("transformers:BertForMaskedLM")
    mask = {"name": "attention_mask", "shape": ["sequence"], "dtype": "int64", "low": 1, "high": 2}
    masked = {**plain, "inputs": [mask, *plain["inputs"]]}
    assert _columns(masked, "flops")["macs"] == _columns(plain, "flops")["macs"]


def test_layers_that_one_pass_goes_through_many_times_are_named():
    found = _columns(tokens("transformers:AlbertForMaskedLM"), "flops")
    assert found["reused_modules"] == "albert.encoder.albert_layer_groups.0=12"


def test_an_encoder_and_decoder_of_waveforms_and_tokens_is_counted():
    """Two inputs with axes of their own; the numbers of its masks are looked at by no one."""
    spec = tokens("transformers:WhisperForConditionalGeneration", 8, "decoder_input_ids")
    spec["inputs"].insert(0, {"name": "input_features", "shape": [80, 3000], "dtype": "float32", "low": 0, "high": 1})
    found = _columns(spec, "flops", "parameters")
    assert found["macs"] > 20e9
    assert "proj_out.weight" in found["shared"]


def test_a_mixture_of_experts_has_no_formula_here():
    from joulesweep.errors import Unsupported

    with pytest.raises(Unsupported, match="no transformer whose dimensions it knows"):
        _columns(tokens("transformers:MixtralForCausalLM"), "formula")
