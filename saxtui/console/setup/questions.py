"""Everything the wizard asks, said once: label, help, options, and where the answer stands in a Deployment. Pure.

The pages, the draft, the help line and the problems of each field are all made from this list.
"""

from __future__ import annotations

from dataclasses import dataclass

from saxtui.model.presets import NAMES as PRESETS

NO, YES = "no", "yes"
ON_DEMAND, SPOT, RESERVATION, FLEX_START = "on demand", "spot", "reservation", "flex-start"
AS_CLASS, BF16, INT8 = "as the class has", "bf16", "int8"
BYTES = {BF16: 2.0, INT8: 1.0}
"""Bytes a weight."""
GKE_DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Question:
    """One answer of the draft. `place` is its path in a Deployment; () = it only helps to decide.

    `options` make it a choice; `hint` stands in an empty field.
    """

    name: str
    label: str
    help: str
    place: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    hint: str = ""

    @property
    def title(self) -> str:
        """What a problem with the answer is told under: the label, or the name where the label leans on another's."""
        return self.name.replace("_", " ") if self.label.startswith(" ") else self.label


PROJECT = (
    Question("preset", "Start from", "tutorial: its shape, reached privately; tutorial-exact: to the letter, with its "
             "risks; smoke: one slice of two hosts. Replaces the answers on all pages.", (), PRESETS),
    Question("project", "Project id", "Everything is made in it and billed to it. The ids you can see are listed "
             "below: choose one, or type another.", ("project",), hint="my-project"),
)  # fmt: skip
MODEL = (
    Question("model_path", "Class path", "The Sax model class, in full. Its device mesh must be as big as one slice; "
             "a class of your own may stand here too.", ("model", "path")),
    Question("model_id", "Published as", "What clients ask for: /sax/CELL/NAME. The cell is where the model servers "
             "join.", ("model", "id")),
    Question("checkpoint", "Checkpoint", "A gs:// directory of one step, or None for random weights, which only test "
             "classes take.", ("model", "checkpoint"), hint="None = random weights"),
    Question("replicas", "Replicas", "How many slices serve it; 0 means every slice.", ("model", "replicas")),
    Question("weights", "Weights in", "For the sizing: bf16 is 2 bytes a parameter, int8 is 1. The class itself "
             "decides what is really loaded.", (), (AS_CLASS, BF16, INT8)),
    Question("params_b", "Parameters", "For the sizing: billions of parameters; blank takes the catalogue's.",
             hint="billion; blank = as the class has"),
    Question("cache_gb", "KV cache GB", "For the sizing: GB of keys and values of all requests served at once."),
    Question("headroom", "Headroom %", "For the sizing: what is kept free beside weights and cache, in percent of "
             "them."),
)  # fmt: skip
SLICE = (
    Question("generation", "TPU", "The generation decides memory a chip, legal topologies, zones and price.",
             ("slices", "generation"), ("v3", "v4", "v5e", "v5p", "v6e", "tpu7x")),
    Question("topology", "Topology", "The slice's shape in chips; machine type and hosts follow from it. ↑↓ choose.",
             ("slices", "topology")),
    Question("count", "Slices", "One node pool each; every slice holds the whole model and serves by itself.",
             ("slices", "count")),
    Question("capacity", "Capacity", "on demand: list price. spot: cheaper, may be taken away at any time. "
             "reservation: one you have. flex-start: queued until hosts are free, seven days at most.",
             ("slices", "capacity"), (ON_DEMAND, SPOT, RESERVATION, FLEX_START)),
    Question("reservation", "  named", "Name of the reservation, or projects/OWNER/reservations/NAME; only with "
             "capacity reservation.", ("slices", "reservation"), hint="only with capacity reservation"),
    Question("zone", "Zone", "Where the slices and the CPU nodes stand. Cluster and bucket are in its region.",
             ("zone",)),
    Question("other_zones", "Then zones", "Other zones of the region, first choice first: offered when the zone has no "
             "room.", ("other_zones",), hint="other zones of the region, in order"),
)  # fmt: skip
NAMES = (
    Question("name", "Deployment", "The name here and in labels; blank takes the one shown.", ("name",)),
    Question("cluster", "Cluster", "Name of the GKE Standard cluster.", ("cluster", "name")),
    Question("adopt", "  use existing", "yes: a cluster of that name that is not ours is used, and never deleted.",
             ("cluster", "adopt"), (NO, YES)),
    Question("bucket", "Bucket", "Its name is unique in the world; blank takes the one shown.", ("bucket",)),
    Question("adopt_bucket", "  use existing", "yes: a bucket of that name that is not ours is used and "
             "never deleted.", ("adopt_bucket",), (NO, YES)),
    Question("service_account", "Service account", "The Google account that the pods act as; made here.",
             ("identity", "service_account")),
    Question("role_scope", "Storage role on", "bucket: least privilege. project: storage.admin on every bucket, as "
             "the tutorial has it.", ("identity", "role_scope"), ("bucket", "project")),
    Question("namespace", "Namespace", "Kubernetes namespace of all objects; made when it is not there.",
             ("namespace",)),
    Question("exposure", "Server reached", "private: through the Kubernetes API, with your own credentials. internal, "
             "external: an address that asks for no password.", ("exposure",), ("private", "internal", "external")),
    Question("source_ranges", "  allowed from", "Networks that may reach a load balancer; none = all of them.",
             ("source_ranges",), hint="203.0.113.0/24 ...; external only"),
)  # fmt: skip
ADVANCED = (
    Question("cpu_nodes", "CPU nodes", "In all, for the servers that need no TPU; with each zone: in every zone.",
             ("cluster", "cpu_nodes")),
    Question("every_zone", "  in each zone", "yes: as many in EACH zone of the region, usually three, as gcloud "
             "--num-nodes does.", ("cluster", "every_zone"), (NO, YES)),
    Question("cpu_machine_type", "CPU machine", "Machine type of the CPU nodes.", ("cluster", "cpu_machine_type")),
    Question("channel", "Release channel", "GKE keeps the version within it; default leaves the choice to GKE.",
             ("cluster", "release_channel"), (GKE_DEFAULT, "rapid", "regular", "stable", "extended", "none")),
    Question("version", "GKE version", "Such as 1.32 or a full one; blank takes GKE's default.",
             ("cluster", "version"), hint="GKE's default"),
    Question("network", "Network", "VPC network, by name or by path.", ("cluster", "network"), hint="default"),
    Question("subnetwork", "Subnet", "Blank takes the network's own in the region.", ("cluster", "subnetwork"),
             hint="the network's own in the region"),
    Question("private_nodes", "Private nodes", "yes: nodes have no external address; the network then needs Cloud NAT "
             "for images from outside Google.", ("cluster", "private_nodes"), (NO, YES)),
    Question("admin_image", "Admin image", "Image of the Sax admin server, with its tag.", ("images", "admin")),
    Question("model_image", "Model image", "Image of the model servers: its tag is the Sax release, which decides the "
             "classes.", ("images", "model")),
    Question("http_image", "HTTP image", "Image of the HTTP server: its tag decides which dialect it speaks.",
             ("images", "http")),
    Question("jobset", "JobSet", "Release of the JobSet controller, such as v0.8.2.", ("jobset", "version")),
    Question("kubernetes_account", "K8s account", "Kubernetes service account of the pods, bound to the Google one.",
             ("identity", "kubernetes_account")),
    Question("pool_prefix", "Pools' prefix", "Node pools are called PREFIX1, PREFIX2, ...", ("slices", "pool_prefix")),
    Question("placement_policy", "Workload policy", "TPU7x slices of several hosts only: the resource policy to place "
             "them by.", ("slices", "placement_policy"), hint="TPU7x only"),
    Question("extra_labels", "Labels", "Your own, on everything made here, such as team=nlp.", ("extra_labels",),
             hint="team=nlp cost-center=42"),
    Question("ttl", "Time to live", "Such as 8h or 2d: saxtui warns when it ends, in the header and on every command, "
             "and a label in the cloud tells it. Nothing is ever deleted by itself.", ("ttl",), hint="no end"),
    Question("canary", "Canary", "Seconds between two tiny prompts that show the model answers, while the console is "
             "open; 0 = none.", ("canary",)),
)  # fmt: skip
TYPED = Question("typed", "Project id", "Typing the project id is the consent to this very plan and to what it costs.")
VIEW = Question("view", "Shown as", "list: every step in order. graph: each step under what it waits for.", (),
                ("list", "graph"))  # fmt: skip

PAGES: tuple[tuple[str, tuple[Question, ...]], ...] = (
    ("Project", PROJECT), ("Model", MODEL), ("Slice", SLICE), ("Names", NAMES), ("Advanced", ADVANCED), ("Review", ()),
)  # fmt: skip
"""The pages in order, with what they ask."""

ALL: dict[str, Question] = {question.name: question for _, asked in PAGES for question in asked}


def help_of(name: str) -> str:
    """The help of a field, "" for one that is not known."""
    found = ALL.get(name) or {TYPED.name: TYPED, VIEW.name: VIEW}.get(name)
    return found.help if found else ""


def page_of(name: str) -> int:
    """The number of the page that asks for the field; Review for what no page asks."""
    return next((number for number, (_, asked) in enumerate(PAGES) for q in asked if q.name == name), len(PAGES) - 1)
