from saxtui.model.plan import Action, Plan, PlannedStep, StepKind
from saxtui.present import plan as present


def plan_of(*steps: PlannedStep, price: float | None = 77.184) -> Plan:
    return Plan(
        deployment="d",
        project="p",
        steps=steps,
        digest="0" * 64,
        usd_per_hour=price,
        critical_path=("cluster",),
        seconds=(840.0, 1260.0),
        sequential_seconds=1620.0,
    )


BUCKET = PlannedStep("bucket", StepKind.BUCKET, "Bucket", "b-7f3a", usual=(2.0, 2.0), usd_per_hour=0.0)
CLUSTER = PlannedStep("cluster", StepKind.CLUSTER, "Cluster", "saxml", usual=(378.0, 450.0), usd_per_hour=0.5)
UNPRICED = PlannedStep("pool/tpu1", StepKind.NODE_POOL, "Pool", "tpu1", needs=("cluster",), usd_per_hour=None)
KEPT = PlannedStep("bucket", StepKind.BUCKET, "Bucket", "b-7f3a", action=Action.KEEP)
CHECK = PlannedStep("check", StepKind.CHECK, "Checks", "", action=Action.CHECK)


def test_rows_say_action_time_price_and_critical_path() -> None:
    bucket, cluster, pool = present.rows(plan_of(BUCKET, CLUSTER, UNPRICED))
    assert (bucket.sign.word, bucket.usual, bucket.price, bucket.critical) == ("create", "0:02", "", False)
    assert (cluster.usual, cluster.price, cluster.critical) == ("6:18-7:30", "$0.50/h", True)
    assert (pool.price, pool.needs) == ("unknown", ("cluster",))


def test_counts() -> None:
    assert (
        present.counts(plan_of(BUCKET, CLUSTER)) == "2 to create · 0 to keep · 0 to adopt · 0 to change · 0 to destroy"
    )
    assert present.counts(plan_of(CHECK, KEPT)) == "nothing to change · 1 kept as they are"


def test_unknown_price_is_never_zero() -> None:
    assert present.price(plan_of(price=None)).startswith("unknown")
    assert present.price(plan_of()).startswith("$77.18/h")


def test_times() -> None:
    assert present.times(plan_of()) == (
        "about 14-21 min (published figures) · the tutorial's order 27 min, 1.9 times as long"
    )


def test_the_graph_has_every_step_under_its_last_need() -> None:
    pool = PlannedStep("pool", StepKind.NODE_POOL, "Pool", "p", needs=("cluster", "bucket"), usual=(60.0, 90.0))
    assert present.graph(plan_of(BUCKET, CLUSTER, UNPRICED, pool)) == (
        "  bucket [create] at 0:02",
        "* cluster [create] at 6:18",
        "  |- pool/tpu1 [create] at 6:23",
        "  `- pool [create] at 7:18  (also needs bucket)",
    )
