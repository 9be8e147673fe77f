/** `journalctl` for a host's services. */
import * as fs from "node:fs";
import * as path from "node:path";
import type { Reply } from "../reply";
import { fullName, Refused } from "./units";

export function journalctl(root: string, args: string[]): Reply {
    const rest = args.filter((arg) => arg !== "--no-pager");
    const take = (name: string) => {
        const at = rest.indexOf(name);
        return at < 0 ? undefined : rest.splice(at, 2)[1];
    };
    const [unit, lines] = [take("-u"), take("-n")];
    if (!unit || rest.length > 0)
        throw new Refused(`unsupported by the sandbox: journalctl ${args.join(" ")} (supported: -u UNIT, -n LINES)`);
    return { code: 0, out: lastLines(root, fullName(unit), Number(lines ?? 1000)), err: "" };
}

export function lastLines(root: string, unit: string, count: number): string {
    const file = path.join(root, "var/log/journal", `${unit}.log`);
    if (!fs.existsSync(file)) return "-- No entries --\n";
    return `${fs.readFileSync(file, "utf8").trimEnd().split("\n").slice(-count).join("\n")}\n`;
}
