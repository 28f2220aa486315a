"""Loads a snapshot with the library that people load that format with, and says in JSON what it holds.

    consumers.py READER FOLDER

Runs in an environment of its own (tools/deps --consumers). Nothing here knows more of the format than the call that the
library's documentation gives for it.
"""

import json
import pathlib
import sys


def pyarrow_parquet(folder):
    import pyarrow.parquet as pq

    path = folder / "decisions.parquet"
    file = pq.ParquetFile(path, page_checksum_verification=True)
    table = file.read()
    table.validate(full=True)
    statistics = {}
    for group in range(file.metadata.num_row_groups):
        for number in range(file.metadata.num_columns):
            chunk = file.metadata.row_group(group).column(number)
            known = chunk.statistics
            values = table.column(chunk.path_in_schema.split(".")[0])
            if "." in chunk.path_in_schema:
                # An empty list is a null of its column to Parquet, and none to a reader.
                empty = sum(len(value) == 0 for value in values.to_pylist())
                values = values.combine_chunks().flatten()
                assert known.null_count == values.null_count + empty, chunk.path_in_schema
            else:
                assert known.null_count == values.null_count, chunk.path_in_schema
            if known.has_min_max:
                present = [value for value in values.to_pylist() if value is not None]
                assert (known.min, known.max) == (min(present), max(present)), chunk.path_in_schema
                statistics[chunk.path_in_schema] = [str(known.min), str(known.max)]
    assert pq.read_table(path).equals(table)
    return {
        "rows": [plain(row) for row in table.to_pylist()], "groups": file.metadata.num_row_groups,
        "statistics": statistics, "types": {field.name: str(field.type) for field in table.schema},
    }


def pandas_parquet(folder):
    import pandas

    return {"rows": records(pandas.read_parquet(folder / "decisions.parquet"))}


def duckdb_parquet(folder):
    import duckdb

    connection = duckdb.connect()
    path = str(folder / "decisions.parquet")
    relation = connection.execute("SELECT * FROM read_parquet(?)", [path])
    names = [column[0] for column in relation.description]
    rows = [plain(dict(zip(names, row))) for row in relation.fetchall()]
    # What a filter skips by statistics must not be what it looks for.
    kept = connection.execute(
        "SELECT count(*) FROM read_parquet(?) WHERE decided_at >= '2020-01-01' AND verdict = 'remove'", [path])
    return {"rows": rows, "removed": kept.fetchone()[0]}


def datasets_parquet(folder):
    return datasets_table(folder, "parquet", "decisions.parquet")


def datasets_csv(folder):
    return datasets_table(folder, "csv", "decisions.csv")


def datasets_jsonl(folder):
    return datasets_table(folder, "json", "decisions.jsonl")


def datasets_prodigy(folder):
    return datasets_table(folder, "json", "annotations.jsonl")


def datasets_table(folder, kind, name):
    import datasets

    table = datasets.load_dataset(kind, data_files=str(folder / name), split="train", cache_dir=str(folder / "cache"))
    return {"rows": [plain(row) for row in table]}


def pandas_csv(folder):
    import pandas

    return {"rows": records(pandas.read_csv(folder / "decisions.csv"))}


def pyarrow_csv(folder):
    from pyarrow import csv

    options = csv.ParseOptions(newlines_in_values=True)
    return {"rows": [plain(row) for row in csv.read_csv(folder / "decisions.csv", parse_options=options).to_pylist()]}


def duckdb_csv(folder):
    import duckdb

    relation = duckdb.connect().execute("SELECT * FROM read_csv(?)", [str(folder / "decisions.csv")])
    names = [column[0] for column in relation.description]
    return {"rows": [plain(dict(zip(names, row))) for row in relation.fetchall()]}


def datasets_imagefolder(folder):
    import datasets

    sets = datasets.load_dataset("imagefolder", data_dir=str(folder), cache_dir=str(folder / "cache"))
    return {
        "splits": {
            name: [{**plain({k: v for k, v in row.items() if k != "image"}), "pixels": pixels(row["image"])} for row in rows]
            for name, rows in sets.items()
        }
    }


def webdataset_tar(folder):
    import webdataset

    samples = {}
    for shard in sorted(folder.glob("*.tar")):
        rows = []
        for sample in webdataset.WebDataset(str(shard), shardshuffle=False).decode("pil"):
            rows.append({
                "key": sample["__key__"], "json": sample["json"], "text": sample["txt"],
                "pixels": next((pixels(sample[kind]) for kind in ("png", "jpg") if kind in sample), None),
            })
        samples[shard.name] = rows
    return {"shards": samples}


def datasets_webdataset(folder):
    import datasets

    shards = {}
    for shard in sorted(folder.glob("*.tar")):
        rows = datasets.load_dataset(
            "webdataset", data_files={"train": str(shard)}, split="train", cache_dir=str(folder / "cache"))
        shards[shard.name] = [
            {
                "key": row["__key__"], "json": row["json"], "text": row["txt"],
                "pixels": next((pixels(row[kind]) for kind in ("png", "jpg") if kind in row), None),
            }
            for row in rows
        ]
    return {"shards": shards}


def mlcroissant_records(folder):
    """Every record set that `croissant.json` describes, its files held against their hashes."""
    import hashlib
    import types

    # Paths into JSON, of which there are none here, are all that it takes this for; there is no wheel of it.
    for name in ("jsonpath_rw", "jsonpath_rw.lexer"):
        sys.modules[name] = types.ModuleType(name)
    sys.modules["jsonpath_rw"].lexer = sys.modules["jsonpath_rw.lexer"]
    import mlcroissant

    dataset = mlcroissant.Dataset(jsonld=str(folder / "croissant.json"))
    for file in dataset.metadata.file_objects:
        assert hashlib.sha256((folder / file.content_url).read_bytes()).hexdigest() == file.sha256, file.name

    def said(value):
        if isinstance(value, list):
            return [said(one) for one in value]
        return value.decode() if isinstance(value, bytes) else value.isoformat() if hasattr(value, "isoformat") else value

    sets = {}
    for records in dataset.metadata.record_sets:
        sets[records.id] = [
            {name.split("/", 1)[1]: said(value) for name, value in row.items()} for row in dataset.records(records.id)
        ]
    return {
        "issues": sorted(dataset.metadata.issues.errors), "warnings": sorted(dataset.metadata.issues.warnings), "sets": sets,
        "files": sorted(file.id for file in dataset.metadata.file_objects),
    }


def pandas_labelstudio(folder):
    import pandas

    table = pandas.read_json(folder / "tasks.json")
    return {"rows": json.loads(table.to_json(orient="records"))}


# What libraries call their values


def pixels(image):
    """Size and the colour of a corner, so that it is known that the picture was decoded."""
    return [*image.size, list(image.convert("RGB").getpixel((0, 0)))]


def plain(row):
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}


def records(table):
    return json.loads(table.to_json(orient="records", date_format="iso"))


if __name__ == "__main__":
    out = globals()[sys.argv[1]](pathlib.Path(sys.argv[2]))
    json.dump(out, sys.stdout)
