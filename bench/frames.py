"""frames.py ENTRIES RUNS: what pandas takes for a frame of packed entries, for groups of it and for a join, as JSON. Status 3: no pandas."""

import json
import sys
import time

try:
    import numpy
    import pandas
except ImportError:
    sys.exit(3)

entries, runs = int(sys.argv[1]), int(sys.argv[2])
# struct bench_sample behind its key, as bench/guest/million.bpf.c fills it.
layout = numpy.dtype(
    [
        ("key", "u4"),
        ("square", "u8"),
        ("index", "u4"),
        ("kind", "u4"),
        ("negative", "i4"),
        ("low", "u2"),
        ("byte", "u1"),
        ("odd", "u1"),
        ("name", "S16"),
        ("mixed", "u8"),
    ]
)
index = numpy.arange(entries, dtype="u8")
packed = numpy.zeros(entries, layout)
packed["key"] = packed["index"] = index
packed["square"] = index * index
packed["kind"] = packed["odd"] = index & 1
packed["negative"] = -index.astype("i8")
packed["low"] = index & 0xFFFF
packed["byte"] = index & 0xFF
packed["name"] = b"sample"
packed["mixed"] = index * numpy.uint64(0x9E3779B97F4A7C15)
raw = packed.tobytes()
kinds = numpy.array(["KIND_EVEN", "KIND_ODD"])


def milliseconds(work):
    start = time.perf_counter()
    result = work()
    return (time.perf_counter() - start) * 1000, result


def made():
    values = numpy.frombuffer(raw, layout)
    columns = {name: numpy.ascontiguousarray(values[name]) for name in layout.names}
    columns["kind"] = kinds[columns["kind"]]
    columns["odd"] = columns["odd"] == 1
    columns["name"] = columns["name"].astype("U16").astype(object)
    return pandas.DataFrame(columns)


def grouped():
    groups = frame.groupby("byte")
    return groups.agg(n=("index", "size"), sum=("square", "sum"), mean=("low", "mean"))


half = numpy.arange(entries // 2, dtype="u4")
others = pandas.DataFrame({"index": half * 2, "half": half})
frame = made()
times = {"version": pandas.__version__, "groups": len(grouped()), "partners": len(frame.merge(others, on="index"))}
times["made"] = [milliseconds(made)[0] for _ in range(runs)]
times["grouped"] = [milliseconds(grouped)[0] for _ in range(runs)]
times["joined"] = [milliseconds(lambda: frame.merge(others, on="index"))[0] for _ in range(runs)]
print(json.dumps(times))
