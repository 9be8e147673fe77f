/** nvidia-smi on a host, with the query of the project's scripts. As on a real host, it prints processes in containers too. */
import { type Reply, said, unsupported } from "../hosts/reply";
import type { GpuLedger } from "./ledger";

const QUERY = "--query-compute-apps=pid --format=csv,noheader";

/** Prints one line for each GPU of each process. */
export function nvidiaSmi(args: string[], ledger: GpuLedger, node: string): Reply {
    if (args.join(" ") !== QUERY) return unsupported(`nvidia-smi ${args.join(" ")} (supported: ${QUERY})`);
    return said(
        ledger
            .on(node)
            .flatMap(({ pid, gpus }) => Array<string>(gpus).fill(`${pid}\n`))
            .join(""),
    );
}
