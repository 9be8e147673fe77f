/**
 * Emulator of nvidia-smi (driver 535) on a host. Emulated: --query-compute-apps and --query-gpu with the fields of APP_FIELDS
 * and GPU_FIELDS, and --format=csv with noheader and nounits. As on a real host, the output includes processes in containers.
 */
import { failed, unsupported, said, type Reply } from "../hosts/reply";
import type { GpuLedger } from "./ledger";

/** TOTAL: memory of one GPU of the A100 generation, in MiB. TAKEN: the part of this memory that XLA uses, in MiB. */
const TOTAL_MIB = 40_960;
const TAKEN_MIB = 36_864;

const UNITS: Record<string, string> = {
    "memory.total": "MiB",
    "memory.used": "MiB",
    "memory.free": "MiB",
    used_memory: "MiB",
};

type Row = Record<string, string | number>;

export function nvidiaSmi(args: string[], ledger: GpuLedger, node: string): Reply {
    const options = new Map(args.map((arg) => arg.split(/=(.*)/s, 2) as [string, string]));
    const [query] = ["--query-compute-apps", "--query-gpu"].filter((name) => options.has(name));
    const format = options.get("--format")?.split(",") ?? [];
    const odd = [...options.keys()].find((name) => name !== query && name !== "--format");
    if (query === undefined || odd !== undefined || options.size !== args.length || format[0] !== "csv")
        return unsupported(
            `nvidia-smi ${args.join(" ")} (supported: --query-compute-apps and --query-gpu with --format=csv)`,
        );
    const oddFormat = format.slice(1).find((word) => word !== "noheader" && word !== "nounits");
    if (oddFormat !== undefined) return unsupported(`nvidia-smi --format ${oddFormat}`);
    const rows = query === "--query-gpu" ? gpus(ledger, node) : apps(ledger, node);
    const known = query === "--query-gpu" ? GPU_FIELDS : APP_FIELDS;
    const fields = options
        .get(query)!
        .split(",")
        .map((field) => field.trim());
    const unknown = fields.find((field) => !known.includes(field));
    if (unknown !== undefined) return failed(`Field "${unknown}" is not a valid field to query.`, 2);
    const unit = (field: string) => (UNITS[field] && !format.includes("nounits") ? ` ${UNITS[field]}` : "");
    const header = fields.map((field) => field + (UNITS[field] ? ` [${UNITS[field]}]` : "")).join(", ");
    const lines = rows.map((row) => fields.map((field) => `${row[field]}${unit(field)}`).join(", "));
    return said([...(format.includes("noheader") ? [] : [header]), ...lines].join("\n"));
}

const APP_FIELDS = ["pid", "process_name", "gpu_uuid", "used_memory"];
const GPU_FIELDS = ["index", "name", "uuid", "memory.total", "memory.used", "memory.free"];

/** Rows of --query-compute-apps: one for each GPU of each process. */
function apps(ledger: GpuLedger, node: string): Row[] {
    let gpu = 0;
    return ledger.on(node).flatMap(({ pid, gpus: count }) =>
        Array.from({ length: count }, () => ({
            pid,
            process_name: "ray::MeshHostWorker",
            gpu_uuid: uuid(node, gpu++),
            used_memory: TAKEN_MIB,
        })),
    );
}

function gpus(ledger: GpuLedger, node: string): Row[] {
    const taken = apps(ledger, node).length;
    return Array.from({ length: ledger.count(node) }, (_, index) => {
        const used = index < taken ? TAKEN_MIB : 0;
        return {
            index,
            name: "NVIDIA A100-SXM4-40GB",
            uuid: uuid(node, index),
            "memory.total": TOTAL_MIB,
            "memory.used": used,
            "memory.free": TOTAL_MIB - used,
        };
    });
}

function uuid(node: string, index: number): string {
    const text = Buffer.from(`${node}/${index}`).toString("hex").padEnd(32, "0").slice(0, 32);
    return `GPU-${text.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")}`;
}
