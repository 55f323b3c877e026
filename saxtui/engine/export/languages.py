"""The runbook's sentences in English and Traditional Chinese (Taiwan's terms)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """Every sentence of a runbook. Braces are filled in by str.format."""

    title: str
    what: str
    value: str
    project: str
    place: str
    model: str
    slices: str
    machines: str
    chips: str
    takes: str
    plan: str
    consequences: str
    price: str
    price_unknown: str
    unpriced: str
    private: str
    internal: str
    external: str
    role_bucket: str
    role_project: str
    every_zone: str
    private_nodes: str
    ttl: str
    before: str
    before_text: str
    steps: str
    steps_text: str
    usually: str
    until_running: str
    use: str
    use_text: str
    trouble: str
    symptom: str
    cure: str
    troubles: tuple[tuple[str, str], ...]
    back: str
    back_text: str
    kind: Mapping[str, str]
    action: Mapping[str, str]


def words(language: str) -> Words:
    """The sentences of that language. Raises KeyError for one that is not there."""
    return {"en": _ENGLISH, "zh-TW": _CHINESE}[language]


_ENGLISH = Words(
    title="Runbook",
    what="What",
    value="Value",
    project="Project",
    place="Region / zone",
    model="Model",
    slices="Slices",
    machines="Machines",
    chips="chips",
    takes="Takes",
    plan="Plan (SHA-256)",
    consequences="What it leads to",
    price="**${total:,.2f} an hour** once the slices are up: {chips} {generation} chips at ${usd:.2f} "
    "(source: {source}, {date})",
    price_unknown="{chips} {generation} chips bill from the moment they are up; their price is **unknown** here",
    unpriced="It also bills, at prices not known here: {names}",
    private="Nothing public: the HTTP server is reached through the Kubernetes API server",
    internal="The HTTP server gets an address in the project's network: plain HTTP without a password",
    external="**RISK, public:** the HTTP server gets an external address: plain HTTP without a password",
    role_bucket="{account} may read and write the one bucket gs://{bucket}",
    role_project="**RISK, project-wide:** {account} gets roles/storage.admin on every bucket of the project",
    every_zone="**RISK, cost:** {nodes} CPU nodes in each zone of {region}, usually three: {nodes} x 3",
    private_nodes="No node has an external address: images from outside Google need Cloud NAT in network {network}",
    ttl="Meant to live for {ttl}: label saxtui-until tells the end, saxtui warns, and nothing is deleted by itself",
    before="Before you begin",
    before_text="You need gcloud, kubectl with gke-gcloud-auth-plugin, and curl. Stop when a check fails.",
    steps="Steps",
    steps_text="One after the other; saxtui up does what can be done at once at the same time.",
    usually="usually",
    until_running="again, until {hosts} hosts are Running",
    use="Publish and ask",
    use_text="Loading takes minutes. Go on when every slice's host 0 has said that the model is loaded.",
    trouble="When something fails",
    symptom="What you see",
    cure="What to do",
    troubles=(
        ("GCE_STOCKOUT, or a pool in ERROR with fewer hosts than expected",
         "No capacity, which nobody can know beforehand: delete the pool, try another zone, spot or a reservation"),
        ("Insufficient regional quota", "Ask for quota in the console's Quotas page, or take fewer chips"),
        ("pods Pending for long", "`kubectl describe pod`: accelerator and topology must be those of a node pool"),
        ("the admin server restarts", "Workload Identity: check the role, the annotation and the bucket's name; "
         "a new role takes minutes to work"),
        ("active_replicas stays 0", "The class's mesh is not the slice's chips: look for `Skipping unsupported model`"),
        ("one host of a slice is gone", "The JobSet starts all slices again; models load again by themselves"),
    ),
    back="Take it down",
    back_text="In this order: the load balancer first, or its address is left behind. "
    "The last command deletes everything in the bucket, your own checkpoints too.",
    kind={
        "bucket": "Bucket", "cluster": "Cluster", "node-pool": "Node pool", "service-account": "Service account",
        "iam-binding": "Role", "kubernetes-account": "Kubernetes account", "jobset-controller": "JobSet controller",
        "admin-server": "Admin server", "model-servers": "Model servers", "http-server": "HTTP server",
    },
    action={"keep": "Is there already", "adopt": "Is there and is used", "change": "Is there and is changed"},
)  # fmt: skip

_CHINESE = Words(
    title="作業手冊",
    what="項目",
    value="內容",
    project="專案",
    place="地區／可用區",
    model="模型",
    slices="切片",
    machines="機器",
    chips="個晶片",
    takes="所需時間",
    plan="計畫（SHA-256）",
    consequences="後果",
    price="切片啟動後**每小時 ${total:,.2f} 美元**：{chips} 個 {generation} 晶片，每個 ${usd:.2f}"
    "（來源：{source}，{date}）",
    price_unknown="{chips} 個 {generation} 晶片自啟動起開始計費；此處**不知道**其價格",
    unpriced="以下項目也會計費，但此處不知道價格：{names}",
    private="沒有任何公開端點：HTTP 伺服器經由 Kubernetes API 伺服器連線",
    internal="HTTP 伺服器會取得專案網路內的位址：純 HTTP，沒有密碼",
    external="**風險（公開）：**HTTP 伺服器會取得外部位址：純 HTTP，沒有密碼",
    role_bucket="{account} 只能讀寫 gs://{bucket} 這一個值區",
    role_project="**風險（整個專案）：**{account} 會在專案的所有值區取得 roles/storage.admin",
    every_zone="**風險（費用）：**{region} 的每個可用區各有 {nodes} 個 CPU 節點，通常有三個可用區，共 {nodes} x 3 個",
    private_nodes="節點都沒有外部位址：Google 以外的映像檔需要網路 {network} 有 Cloud NAT",
    ttl="預計使用 {ttl}：標籤 saxtui-until 會記下結束時間，到期前會提醒，但不會自動刪除任何東西",
    before="開始之前",
    before_text="需要 gcloud、kubectl（含 gke-gcloud-auth-plugin）與 curl。只要有一項檢查失敗就先停下來。",
    steps="步驟",
    steps_text="請依序執行；saxtui up 會同時進行可以並行的步驟。",
    usually="通常需要",
    until_running="重複執行，直到 {hosts} 個主機都是 Running",
    use="發布與提問",
    use_text="載入需要數分鐘。等每個切片的 0 號主機都回報模型已載入，再繼續。",
    trouble="發生問題時",
    symptom="看到的現象",
    cure="處理方式",
    troubles=(
        ("GCE_STOCKOUT，或節點集區為 ERROR 且主機數不足",
         "沒有可用容量，事前無法得知：刪除該集區，改用其他可用區、Spot 或預留"),
        ("Insufficient regional quota", "在主控台的配額頁面申請提高，或減少晶片數"),
        ("Pod 長時間為 Pending", "執行 `kubectl describe pod`：加速器與拓撲必須與節點集區相符"),
        ("管理伺服器不斷重新啟動", "Workload Identity：檢查角色、註解與值區名稱；新角色需要數分鐘才會生效"),
        ("active_replicas 一直是 0", "模型類別的網格與切片晶片數不符：尋找 `Skipping unsupported model`"),
        ("切片少了一個主機", "JobSet 會重新啟動所有切片，模型會自動重新載入"),
    ),
    back="全部移除",
    back_text="請依此順序：先刪除負載平衡器，否則其位址會留下。最後一個指令會刪除值區內的所有內容，包括您自己的檢查點。",
    kind={
        "bucket": "值區", "cluster": "叢集", "node-pool": "節點集區", "service-account": "服務帳戶",
        "iam-binding": "角色", "kubernetes-account": "Kubernetes 帳戶", "jobset-controller": "JobSet 控制器",
        "admin-server": "管理伺服器", "model-servers": "模型伺服器", "http-server": "HTTP 伺服器",
    },
    action={"keep": "已存在", "adopt": "已存在，直接使用", "change": "已存在，將會變更"},
)  # fmt: skip
