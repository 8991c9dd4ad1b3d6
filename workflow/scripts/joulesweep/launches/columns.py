"""Every table and column once, with type, range and meaning."""

from collections.abc import Mapping
from typing import Any

from joulesweep import axes
from joulesweep.axes import AXES, INPUT_AXES
from joulesweep.launches.table import Table
from joulesweep.launches.table import columns_of as _columns

STATUSES = ("ok", "oom", "timeout", "crashed", "error", "unsupported", "no_meter")

# What names a launch in the journal of a model's latency: the columns of its row that it depends on.
_LAUNCH_KEY = (*AXES, "model_digest", "artefact_digest", "input_digest", "code_digest", "versions", "runtime")


_SCHEMA = _columns(int, schema="version of the table's columns")
_DEVICE = _columns(str, device="device that was measured")
_VARIANT = _columns(
    str, model="model, as the configuration names it", runtime="how the model was run, precision included"
)
_INPUT_AXES = _columns(int, (1, 1e9), **{name: axes.ALL[name].meaning for name in ("batch", *INPUT_AXES)})
_THREADS = _columns(int, (1, 1e6), threads=axes.THREADS.meaning)
_BASE = _columns(
    int,
    (0, 1),
    base="1 at the model's base point, where models are compared: batch 1, the input's native shape, configured threads; else 0",
)
_STATUS = _columns(
    str,
    (0, 0),
    STATUSES,
    status="ok, or why there is no figure: oom, timeout, crashed, error, unsupported, no_meter",
) + _columns(
    str, message="the reason in one line; where the status is ok, why a launch failed or the sustained speed is missing"
)
_PROVENANCE = _columns(
    str,
    model_digest="identity of the model: source, configuration, parameters, buffers, input; the same on every device",
    artefact_digest="identity of the file that the runtime loaded, without its metadata",
    input_digest="identity of the inputs",
    code_digest="identity of the code that measured",
    versions="versions of the libraries that the stage and the runtime used, as name=version separated by spaces",
    measured_at="when the newest launch of the row was measured, UTC, ISO 8601",
)
_RAN_ON = _columns(
    str,
    ran_on="where the passes ran: the execution provider or backend, how many of its operators it took, the precision of its "
    "kernels, or that of the file where the runtime does not tell the former",
)
# The last column: a row that was changed after it was written is recognised.
_CHECK = _columns(str, check="checksum of the row, by which damage is recognised")
# What a row of latency or energy has before anything is measured.
IDENTITY = tuple(
    column.name
    for column in _DEVICE + _VARIANT + _INPUT_AXES + _THREADS + _BASE + _PROVENANCE
    if column.name != "measured_at"
)
_POINT_KEY = ("device", "model", "runtime", *AXES)

COUNTS = Table(
    "counts",
    ("model", "runtime", "batch", *INPUT_AXES),
    _SCHEMA
    + _VARIANT
    + _INPUT_AXES
    + _BASE
    + _STATUS
    + _columns(
        int,
        params="elements of model.parameters(), the lab's formula: a shared parameter counts once",
        params_every_use="elements of parameters, counted at every module that uses them",
        params_by_storage="distinct stored elements behind the parameters: tied parameters and views of one storage count once",
        params_trainable="elements of the parameters that require a gradient",
        params_unregistered="elements of layers and tensors that the model keeps outside its parameters and buffers",
        buffers="elements of the buffers: tensors of the model that are not parameters; of a sparse one those that are stored",
        weight_bytes="bytes of the weights as the runtime's file stores them",
        file_bytes="size of the file that the runtime loads",
        macs="multiply-adds of one pass, from the operator counter",
        flops="floating-point operations of one pass, from the operator counter: two per multiply-add, and those of FFTs",
        weight_moved_bytes="bytes of weights that the operators of one pass read, added over the operators; of the model as built, "
        "so a runtime with 8 bits reads fewer",
        activation_moved_bytes="bytes of inputs, outputs and intermediate results that the operators of one pass read and write",
    )
    + _columns(float, (0, 1e9), flops_per_byte="arithmetic intensity: flops per byte of weights and activations moved")
    + _columns(
        int,
        macs_ptflops="multiply-adds of one pass as ptflops counts them with hooks on modules",
        macs_ptflops_aten="multiply-adds of one pass as ptflops counts them from operators",
        macs_pthflops="operations of one pass as pthflops counts them",
        macs_formula="multiply-adds of one pass by the transformer formula",
    )
    + _columns(
        str,
        bytes_by_type="bytes of the distinct elements of parameters, buffers and unregistered tensors, as type=bytes",
        macs_by_operator="multiply-adds of one pass by operator kind, as name=count separated by spaces",
        uncounted_operators="operators without a FLOP formula and how often they ran, as name=count",
        shared="parameters with several names (joined by =) or in one storage (joined by ~), with their elements",
        unregistered="where the model keeps layers and tensors outside its parameters and buffers, with their elements",
        reused_modules="modules that one pass calls more than once, as name=calls",
        export_notes="what the export noted of the model, such as what it made of the weights file, separated by semicolons",
        notes="what the cross-checks count, or why a cross-check counts nothing",
        weights_digest="identity of the user's weights file: the start of its SHA-256; empty without such a file",
    )
    + _PROVENANCE
    + _CHECK,
    required=("model", "runtime", "batch", "base", "status"),
)

LAYERS = Table(
    "layers",
    ("model", "module", "operator"),
    _SCHEMA
    + _columns(
        str,
        model="model, as the configuration names it",
        module="module by its name in the model, with the modules inside it; (model) is the whole model",
        type="class of the module",
        operator="(all), or one type of operator inside the module; depthwise_ before a convolution with one filter per channel",
    )
    + _columns(
        int,
        calls="how often one pass at the base point calls the module, or the operators of this type inside it",
        params="elements of the module's parameters; a shared parameter counts once in each module that has it",
        macs="multiply-adds",
        flops="floating-point operations: two for a multiply-add",
        weight_moved_bytes="bytes of weights read",
        activation_moved_bytes="bytes of activations read and written",
    )
    + _CHECK,
    required=("model", "module", "operator"),
)

LATENCY = Table(
    "latency",
    _POINT_KEY,
    _SCHEMA
    + _DEVICE
    + _VARIANT
    + _INPUT_AXES
    + _THREADS
    + _BASE
    + _STATUS
    + _columns(
        int,
        launches="launches that ended ok and are used",
        launches_failed="launches that did not end ok",
        launches_set_aside="launches that ended ok and are not used, because other processes had more than 10 % of the cores' time",
        rounds="rounds of the used launches together",
        passes="forward passes used from these rounds",
    )
    + _columns(
        float,
        load_s="time to load the model into the runtime, median over the launches",
        first_s="time of the first pass, median over the launches",
    )
    + _columns(
        float,
        (1e-9, 1e7),
        raw_s="latency of one pass without correction: geometric mean over the launches of the median round, per pass",
        raw_ci_low_s="lower end of the 95 % interval of raw_s, from the spread between these launches only",
        raw_ci_high_s="upper end of this interval",
        low_level_s="where the launches lie on two levels: latency on the lower one, geometric mean; as measured in the device's own table, at the typical speed in the merged one",
        high_level_s="latency on the higher level",
    )
    + _columns(float, (0, 1), high_share="share of the used launches on the higher level")
    + _columns(
        float,
        (1e-10, 1),
        core_distance_s="time of a round trip between two processes on the two neighbouring cores that are farthest apart, median over the launches; empty with one thread",
    )
    + _columns(
        float,
        mean_s="mean of the used pass times, not corrected",
        std_s="standard deviation of the used pass times, not corrected",
        median_s="median of the used pass times, not corrected",
        min_s="shortest pass",
        max_s="longest pass",
        p95_s="95th percentile of pass times; empty below 60 passes",
        p99_s="99th percentile of pass times; empty below 300 passes",
        lab_mean_s="the lab sheet's figure: mean of 10 passes in one process, after one pass that is dropped",
        lab_std_s="standard deviation of those 10 passes",
        reference_s="time of the reference beside the passes: geometric mean over its parts, median over the launches",
        reference_baseline_s="time of the reference on this device when the device was first measured",
        reference_share="time spent in the reference over the time spent in rounds and reference, median over the launches",
    )
    + _columns(
        int,
        peak_bytes="largest resident memory of the measuring process without the reference, median over the launches",
    )
    + _columns(
        int,
        (-1e16, 1e16),
        peak_above_load_bytes="peak_bytes less the resident memory after the model was loaded",
    )
    + _RAN_ON
    + _columns(
        float,
        max_error="at the base point, the largest difference of an output from that of the model itself, as a share of the largest "
        "output: largest over the launches",
        tolerance="the largest max_error that the precision of the variant explains, fixed beforehand",
    )
    + _columns(
        str,
        (0, 0),
        ("yes", "no"),
        agrees="whether max_error is within tolerance; empty where nothing was compared",
    )
    + _columns(str, order="place of each used launch in the interleaved order, separated by spaces")
    + _columns(
        float,
        wait_s="time waited for the device to cool, added over the launches",
        temperature_start_C="temperature before the first launch",
        temperature_end_C="temperature after the last launch",
        clock_Hz="clock after a launch, median over the launches: mean of the cores, or the GPU's where the passes run there",
        load="processes that ran or waited for a core in the minute before a launch, median over the launches",
        others_share="share of all cores' time that other processes had during a launch, median over the used launches",
        sustain_s="how long passes were run without rest for the next two columns; empty where this was not asked for",
        burst_s="time of one pass in the first tenth of sustain_s, median",
        sustained_s="time of one pass in the last fifth of sustain_s, median",
    )
    + _columns(
        str,
        flags="what a reader should know, separated by spaces: few_launches, not_settled, reference_off, throttled, under_voltage, still_warm, busy, wide, drift_unseen, two_levels, cores_move, differs; and by the merge no_journal, inconsistent, undetermined",
    )
    + _PROVENANCE
    + _CHECK,
    required=("device", "model", "runtime", "batch", "threads", "base", "status"),
    figures=("raw_s",),
    ascending=(
        ("raw_ci_low_s", "raw_s", "raw_ci_high_s"),
        ("low_level_s", "high_level_s"),
        ("min_s", "median_s", "p95_s", "p99_s", "max_s"),
        ("min_s", "mean_s", "max_s"),
    ),
)

ENERGY = Table(
    "energy",
    _POINT_KEY,
    _SCHEMA
    + _DEVICE
    + _VARIANT
    + _INPUT_AXES
    + _THREADS
    + _BASE
    + _STATUS
    + _columns(
        str,
        meter="meter that was read",
        rails="what the meter covers",
    )
    + _columns(
        str,
        (0, 0),
        ("measured", "modelled"),
        kind="measured, or modelled: computed from time and configured watts",
    )
    + _columns(
        int,
        windows="windows that ended ok, one per launch",
        samples="meter readings inside the windows",
        passes="forward passes inside the windows",
    )
    + _columns(
        float,
        interval_s="update interval of the meter as observed, median",
        power_W="mean power in the windows",
        idle_W="mean power with the model loaded and the process asleep",
        idle_std_W="standard deviation of idle power over launches",
    )
    + _columns(
        float,
        (1e-12, 1e6),
        energy_J="energy of one pass, idle power included: energy of the window over its passes",
    )
    + _columns(
        float,
        ci_low_J="lower end of the 95 % interval of energy_J, from the spread of its windows and, as far as points spread alike, of the other points",
        ci_high_J="upper end of the 95 % interval of energy_J",
        net_energy_J="energy of one pass above idle",
        net_ci_low_J="lower end of the 95 % interval of net_energy_J, made in the same way; the spread of idle power is in it",
        net_ci_high_J="upper end of the 95 % interval of net_energy_J",
    )
    + _columns(
        str,
        energy_by_rail="energy of one pass in J, idle power included, of each rail that was read, as name=J separated by spaces",
    )
    + _RAN_ON
    + _columns(
        str,
        flags="what a reader should know, separated by spaces: few_windows, few_readings, net_below_zero, stuck, still_warm, throttled, under_voltage; and by the merge inconsistent, undetermined",
    )
    + _PROVENANCE
    + _CHECK,
    required=("device", "model", "runtime", "batch", "threads", "base", "status"),
    figures=("energy_J", "kind"),
    ascending=(("ci_low_J", "energy_J", "ci_high_J"), ("net_ci_low_J", "net_energy_J", "net_ci_high_J")),
)

ACCURACY = Table(
    "accuracy",
    ("device", "model", "runtime"),
    _SCHEMA
    + _DEVICE
    + _VARIANT
    + _STATUS
    + _columns(
        str,
        dataset="labelled data set, its test part",
        metric="how outputs are compared with labels: the name of a metric, as in the configuration",
    )
    + _columns(str, (0, 0), ("%",), unit="% where value is a share that people read in percent; else empty")
    + _columns(int, (0, 1), higher_is_better="1 where a larger value is the better one, else 0")
    + _columns(
        float,
        (-1e12, 1e12),
        value="the metric over the examples; a share as a number from 0 to 1",
        ci_low="lower end of the 95 % interval of value, made as suits the metric",
        ci_high="upper end of the 95 % interval of value",
    )
    + _columns(int, examples="labelled examples that were evaluated, one per pass")
    + _columns(
        float,
        (0, 1),
        agreement="share of these examples to which the variant gives the same answer (largest output) as the model in agreement_with",
    )
    + _columns(
        str, agreement_with="runtime with whose answers they were compared: eager, or the first in single precision"
    )
    + _columns(
        str,
        preprocessing="what is made of an example before the model takes it",
        data_digest="identity of the examples and their labels, in their order: the start of a SHA-256",
    )
    + _columns(
        float,
        end_to_end_s="time from the file of an example (already in memory) to the output: decoding, preprocessing, one pass; median over the first 50 examples",
        real_s="time of one pass on the input made of an example, median over the same examples; measured in one process, not corrected",
        synthetic_s="time of one pass on the random input of latency, in turn with these",
    )
    + _columns(
        float,
        (0, 1e6),
        real_ratio="time of a pass on a real input over that on the random one, median over pairs of passes",
        real_ratio_low="lower end of the 95 % interval of real_ratio (sign test)",
        real_ratio_high="upper end of the 95 % interval of real_ratio",
    )
    + _columns(
        str,
        per_example="what the metric keeps of each example, packed, so that two variants can be compared example by example; empty where it is too long",
    )
    + _PROVENANCE
    + _CHECK,
    required=("device", "model", "runtime", "status"),
    figures=("value", "metric", "higher_is_better"),
    ascending=(("ci_low", "value", "ci_high"), ("real_ratio_low", "real_ratio", "real_ratio_high")),
)

TIME_SHARES = Table(
    "time_shares",
    ("device", "model", "runtime", "kind", "part"),
    _SCHEMA
    + _DEVICE
    + _VARIANT
    + _STATUS
    + _columns(
        str,
        (0, 0),
        ("module", "operator"),
        splits_by="what the parts are: modules of torch, or operators of the runtime's optimised graph",
    )
    + _columns(
        str,
        kind="what the part does: convolution, matrix product, activation and so on",
        part="(all) for everything of this kind, or one module or operator by its name",
        type="class of the module, or type of the operator",
    )
    + _columns(float, calls="how often one pass calls the part")
    + _columns(
        float,
        own_s="time of the part in one profiled pass, without the parts inside it: mean over the launches",
    )
    + _columns(
        float,
        (0, 1),
        time_share="share of the time of all timed parts of one pass: mean over the launches",
        time_low_share="smallest share in a launch",
        time_high_share="largest share in a launch",
    )
    + _columns(
        float,
        (0, 1e6),
        slowdown="how many times longer a pass took while its parts were timed, median over the launches",
    )
    + _columns(int, launches="launches that ended ok")
    + _PROVENANCE
    + _CHECK,
    required=("device", "model", "runtime", "status"),
    figures=("kind", "part", "time_share"),
    ascending=(("time_low_share", "time_share", "time_high_share"),),
)

DEVICES = Table(
    "devices",
    ("device",),
    _SCHEMA
    + _DEVICE
    + _columns(
        str,
        machine_id="identity of the machine, whatever it is called: a digest of its ids; empty where it has none",
        machine="board or machine, as it names itself",
        soc="system on a chip of a board, as its device tree names it; empty on other machines",
        cpu="processor, as it names itself",
        architecture="instruction set of the measuring interpreter",
        emulator="program that translates these instructions for a processor of another kind, such as qemu-aarch64; empty otherwise",
    )
    + _columns(int, cores_physical="physical cores usable", cores_logical="logical cores usable")
    + _columns(
        float,
        max_clock_Hz="highest clock that the fastest core may have, in this power mode; empty where unknown",
    )
    + _columns(int, memory_bytes="memory")
    + _columns(
        str,
        accelerator="GPU: an NVIDIA card, a Jetson's or Apple's; empty where none of these is there",
        os="operating system and its version; on a Jetson also the release of Jetson Linux",
        kernel="kernel release",
        python="version of the measuring interpreter",
        libraries="installed runtimes and libraries, as name=version separated by spaces",
        governor="CPU frequency governor when the device was described; empty where unknown",
        power_mode="power mode of a Jetson (nvpmodel), which is also the end of the device's name; empty on other devices",
        meter="meter that energy is read from, and why",
        described_at="when the device was described, UTC, ISO 8601",
    )
    + _columns(
        float,
        (1e3, 1e17),
        one_thread_flops_per_s="most floating-point operations per second on one thread: matrix products of float32 in numpy",
        one_thread_bytes_per_s="most bytes per second that one thread reads and writes in memory: copies in numpy",
        all_cores_flops_per_s="the same operations with one thread per physical core",
        all_cores_bytes_per_s="the same bytes with one thread per physical core",
    ),
)

# Columns for readers of the CSV files: no table, figure or sentence of the report needs them.
RAW = frozenset(
    (
        *("params_trainable", "buffers", "file_bytes", "weight_moved_bytes", "activation_moved_bytes", "bytes_by_type"),
        *("weights_digest", "calls", "rounds", "mean_s", "std_s", "min_s", "max_s", "p99_s"),
        *(
            "core_distance_s",
            "reference_s",
            "reference_baseline_s",
            "reference_share",
            "peak_above_load_bytes",
        ),
        *("windows", "interval_s", "idle_std_W", "energy_by_rail", "synthetic_s", "artefact_digest", "code_digest"),
        *("architecture", "described_at"),
    )
)

TABLES = {table.name: table for table in (COUNTS, LAYERS, LATENCY, ENERGY, TIME_SHARES, ACCURACY, DEVICES)}


def launch_key(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a launch depends on, from its row; an axis that the model does not have is no part, so a new axis changes no key."""
    return {name: row[name] for name in _LAUNCH_KEY if name not in AXES or row[name] is not None}


def provenance(
    *,
    model_digest: str,
    artefact_digest: str | None,
    input_digest: str,
    code_digest: str,
    versions: Mapping[str, object],
) -> dict[str, Any]:
    """The columns that say where a row comes from, except when it was measured; `versions` are library versions by name."""
    return {
        "model_digest": model_digest,
        "artefact_digest": artefact_digest,
        "input_digest": input_digest,
        "code_digest": code_digest,
        "versions": listed(versions),
    }


def listed(parts: Mapping[str, object]) -> str:
    """The text of a cell with several parts: `name=value` in order of name, separated by spaces."""
    return " ".join(f"{name}={value}" for name, value in sorted(parts.items()))
