"""What a row is: every column of every table once, with its type and meaning."""

from collections.abc import Mapping
from dataclasses import dataclass

from joulesweep import axes
from joulesweep.axes import AXES, INPUT_AXES

STATUSES = ("ok", "oom", "timeout", "crashed", "error", "unsupported", "no_meter")

# What names a launch in the journal of a model's latency: the columns of its row that it depends on.
LAUNCH_KEY = (*AXES, "model_digest", "artefact_digest", "input_digest", "code_digest", "versions", "runtime")


@dataclass(frozen=True)
class Column:
    """One column: `kind` is str, int or float; the unit is the name's ending (`_s`, `_J`, `_W`, `_bytes`, `_Hz`, `_C`)."""

    name: str
    kind: type
    meaning: str


@dataclass(frozen=True)
class Table:
    """One table: its columns in order and the names of those that together name a row."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def header(self) -> list[str]:
        """Column names in order."""
        return [column.name for column in self.columns]


def _columns(kind: type, /, **meanings: str) -> tuple[Column, ...]:
    return tuple(Column(name, kind, meaning) for name, meaning in meanings.items())


_SCHEMA = _columns(int, schema="version of the table's columns")
_DEVICE = _columns(str, device="device that was measured")
_VARIANT = _columns(
    str, model="model, as the configuration names it", runtime="how the model was run, precision included"
)
_INPUT_AXES = _columns(int, **{name: axes.ALL[name].meaning for name in ("batch", *INPUT_AXES)})
_THREADS = _columns(int, threads=axes.THREADS.meaning)
_BASE = _columns(
    int,
    base="1 at the model's base point, where models are compared: batch 1, the input's native shape, configured threads; else 0",
)
_STATUS = _columns(
    str,
    status="ok, or why there is no figure: oom, timeout, crashed, error, unsupported, no_meter",
    message="the reason in one line; empty where status is ok",
)
_PROVENANCE = _columns(
    str,
    model_digest="identity of the model: source, configuration, parameters, buffers, input; the same on every device",
    artefact_digest="identity of the file that the runtime loaded, metadata stripped",
    input_digest="identity of the inputs",
    code_digest="identity of the code that made the row",
    versions="versions of the libraries that the stage and runtime used, as name=version separated by spaces",
    measured_at="when the row's last figure was taken, UTC, ISO 8601",
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
        params="elements of model.parameters(), the lab's formula: a parameter that is shared counts once",
        params_every_use="elements of parameters, counted at every module that uses them",
        params_by_storage="distinct stored elements behind the parameters: ties and views of one storage count once",
        params_trainable="elements of the parameters that require a gradient",
        buffers="elements of the buffers: tensors of the model that are no parameters",
        weight_bytes="bytes of the weights as the runtime's file stores them",
        file_bytes="size of the file that the runtime loads",
        macs="multiply-adds of one pass, from the operator counter",
        flops="floating-point operations of one pass, from the operator counter: two for a multiply-add",
        weight_moved_bytes="bytes of weights that the operators of one pass read, one after the other",
        activation_moved_bytes="bytes of inputs, outputs and all between that the operators of one pass read and write",
    )
    + _columns(float, flops_per_byte="arithmetic intensity: flops over the bytes moved, of weights and activations")
    + _columns(
        int,
        macs_ptflops="multiply-adds of one pass as ptflops counts them with hooks on modules",
        macs_ptflops_aten="multiply-adds of one pass as ptflops counts them from operators",
        macs_pthflops="operations of one pass as pthflops counts them",
        macs_formula="multiply-adds of one pass by the transformer formula",
    )
    + _columns(
        str,
        bytes_by_type="bytes of the distinct elements of parameters and buffers, as type=bytes separated by spaces",
        macs_by_operator="multiply-adds of one pass by operator kind, as name=count separated by spaces",
        uncounted_operators="operators without a FLOP formula and how often they ran, as name=count",
        shared="names under which one parameter is known, joined by =, or that lie in one storage, by ~; and its elements",
        reused_modules="modules that one pass calls more than once, as name=calls",
        notes="what the cross-checks count, or why one of them counts nothing",
        weights_digest="identity of the user's weights file: the start of its SHA-256; empty where there is none",
    )
    + _PROVENANCE,
)

LAYERS = Table(
    "layers",
    ("module", "operator"),
    _SCHEMA
    + _columns(
        str,
        module="module by its name in the model, what is inside it included; (model) is the whole",
        type="class of the module",
        operator="(all), or one kind of operator inside the module",
    )
    + _columns(
        int,
        calls="how often one pass at the base point calls the module, or the operators of this kind inside it",
        params="elements of the module's parameters, a shared one once in each module that has it",
        macs="multiply-adds",
        flops="floating-point operations: two for a multiply-add",
        weight_moved_bytes="bytes of weights read",
        activation_moved_bytes="bytes of activations read and written",
    ),
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
        launches="launches that ended ok and count",
        launches_failed="launches that did not end ok",
        launches_set_aside="launches that did while others had a tenth of the cores' time, and that were made again",
        rounds="rounds in the ok launches together",
        passes="forward passes in those rounds that count",
    )
    + _columns(
        float,
        load_s="time to load the model into the runtime, median over launches",
        first_s="time of the first pass, median over launches",
        corrected_s="THE latency of one pass: geometric mean over launches of the corrected median round; made by the merge",
        ci_low_s="lower end of the 95 % interval of corrected_s, for what another job on the device would find; made by the merge",
        ci_high_s="upper end of that interval; made by the merge",
        correction="c: how much of the reference's deviation from its level was taken off, 0 to 2; 0 is raw, empty where the launches were not there; made by the merge",
        raw_s="latency of one pass without correction: geometric mean over launches of the median round time a pass",
        raw_ci_low_s="lower end of the 95 % interval of raw_s, from the spread between the launches of this job alone",
        raw_ci_high_s="upper end of that interval",
        mean_s="mean of all pass times, as measured",
        std_s="standard deviation of all pass times, as measured",
        median_s="median of all pass times, as measured",
        min_s="shortest pass",
        max_s="longest pass",
        p95_s="95th percentile of pass times; empty below 60 passes",
        p99_s="99th percentile of pass times; empty below 300 passes",
        lab_mean_s="the lab sheet's figure: mean of 10 passes after one that is dropped, in one process",
        lab_std_s="standard deviation of those 10 passes",
        reference_s="time of the reference beside the passes, geometric mean over its parts, median over rounds",
        reference_level_s="time of the reference on this device when it was first measured",
        reference_share="time spent in the reference over the time spent in rounds and reference",
        throughput_per_s="examples a second: batch over corrected_s; made by the merge",
    )
    + _columns(
        int,
        peak_bytes="largest resident memory of the measuring process, reference not included, median over launches",
        peak_above_load_bytes="the same less the resident memory after the model was loaded",
    )
    + _columns(str, order="place of each launch in the model's interleaved order, separated by spaces")
    + _columns(
        float,
        wait_s="time waited for the device to cool before the launches, in all",
        temperature_start_C="temperature before the first launch",
        temperature_end_C="temperature after the last launch",
        clock_Hz="clock after a launch, median over launches: mean of the cores, or the GPU's where passes run there",
        load="processes that ran or waited for a core in the minute before a launch, median over launches",
        others_share="share of all cores' time that other processes and other machines on the same processor had, median over launches",
        burst_s="with sustain_s: time of a pass in the first tenth of so many seconds without a rest, median",
        sustained_s="with sustain_s: time of a pass in the last fifth of them, median",
    )
    + _columns(
        str,
        flags="what a reader should know, separated by spaces: few_launches, not_settled, reference_off, throttled, still_warm, busy, wide",
    )
    + _PROVENANCE,
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
        kind="measured, or modelled: computed from time and configured watts",
        rails="what the meter covers",
    )
    + _columns(
        int,
        windows="windows that ended ok, one a launch",
        samples="meter readings inside the windows",
        passes="forward passes inside the windows",
    )
    + _columns(
        float,
        interval_s="update interval of the meter as observed, median",
        power_W="mean power in the windows",
        idle_W="mean power with the model loaded and the process asleep",
        idle_std_W="standard deviation of idle power over launches",
        energy_J="energy of one pass, idle included: power integrated over the window, over its passes",
        ci_low_J="lower end of the 95 % interval of energy_J",
        ci_high_J="upper end of the 95 % interval of energy_J",
        net_energy_J="energy of one pass above idle",
        net_ci_low_J="lower end of the 95 % interval of net_energy_J, idle spread included",
        net_ci_high_J="upper end of the 95 % interval of net_energy_J, idle spread included",
    )
    + _columns(
        str,
        flags="what a reader should know, separated by spaces: few_windows, few_readings, net_below_zero, stuck, still_warm",
    )
    + _PROVENANCE,
)

ACCURACY = Table(
    "accuracy",
    ("device", "model", "runtime"),
    _SCHEMA
    + _DEVICE
    + _VARIANT
    + _STATUS
    + _columns(str, dataset="labelled data, its test part", metric="what value is")
    + _columns(
        float,
        value="the metric on the test part",
        ci_low="lower end of the 95 % interval of value (Wilson)",
        ci_high="upper end of the 95 % interval of value (Wilson)",
    )
    + _columns(int, examples="labelled examples that were evaluated")
    + _columns(
        float,
        agrees="share of examples on which this runtime predicts what the reference runtime predicts",
        max_error="largest absolute difference of an output from the reference runtime's",
    )
    + _PROVENANCE,
)

DEVICES = Table(
    "devices",
    ("device",),
    _SCHEMA
    + _DEVICE
    + _columns(
        str,
        machine="board or machine, as it names itself",
        cpu="processor, as it names itself",
        architecture="instruction set",
    )
    + _columns(int, cores_physical="physical cores usable", cores_logical="logical cores usable", memory_bytes="memory")
    + _columns(
        str,
        os="operating system and its version",
        kernel="kernel release",
        python="version of the measuring interpreter",
        libraries="installed runtimes and libraries, as name=version separated by spaces",
        governor="CPU frequency governor when described; empty where the device does not say",
        meter="meter that energy is read from, and why",
        described_at="when, UTC, ISO 8601",
    ),
)

TABLES = {table.name: table for table in (COUNTS, LATENCY, ENERGY, ACCURACY, DEVICES)}


def listed(parts: Mapping[str, object]) -> str:
    """What a cell with several parts holds: `name=value` in order of name, separated by spaces."""
    return " ".join(f"{name}={value}" for name, value in sorted(parts.items()))
