"""What both the API's machine types and the nodes know of a machine: vCPUs and memory of TPU hosts and small VMs."""

from __future__ import annotations

TPU_HOSTS = {
    "ct3-hightpu-4t": (96, 340),
    "ct3p-hightpu-4t": (48, 340),
    "ct4p-hightpu-4t": (240, 407),
    "ct5lp-hightpu-1t": (24, 48),
    "ct5lp-hightpu-4t": (112, 192),
    "ct5lp-hightpu-8t": (224, 384),
    "ct5p-hightpu-4t": (208, 448),
    "ct6e-standard-1t": (44, 176),
    "ct6e-standard-4t": (180, 720),
    "ct6e-standard-8t": (180, 1440),
    "tpu7x-standard-1t": (56, 248),
    "tpu7x-standard-4t": (224, 992),
}
"""Machine type → vCPUs and memory in GB, from the GKE cluster autoscaler's machine table."""
SHARED_CORE = {"e2-micro": (2, 1), "e2-small": (2, 2), "e2-medium": (2, 4)}
"""Machine type → vCPUs and memory in GB."""
