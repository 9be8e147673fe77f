/** Output of `snap list` and `snap info`. */
import { CHANNELS, type Release, releaseOf } from "./releases";
import { failed, type Reply, said } from "../reply";

/** Name of the only emulated snap. */
export const NAME = "microk8s";
const BASE = ["core22", "snapd"];

export function listing(names: string[], installed: Release | undefined, held: boolean): Reply {
    const rows = BASE.map((name) => ({ name, version: "2.63", rev: "1", tracking: "latest/stable", notes: "base" }));
    if (installed) {
        const { version, revision: rev, channel: tracking } = installed;
        rows.splice(1, 0, { name: NAME, version, rev, tracking, notes: held ? "classic,held" : "classic" });
    }
    const wanted = names.length > 0 ? rows.filter(({ name }) => names.includes(name)) : rows;
    if (wanted.length === 0) return failed("error: no matching snaps installed");
    const line = ({ name, version, rev, tracking, notes }: (typeof rows)[number]) =>
        [name.padEnd(9), version.padEnd(8), rev.padEnd(5), tracking.padEnd(14), "canonical** ", notes].join(" ");
    return said(["Name      Version  Rev   Tracking       Publisher    Notes", ...wanted.map(line)].join("\n"));
}

export function info(installed: Release | undefined): string {
    const channels = CHANNELS.map((name) => {
        const { version, revision } = releaseOf(name)!;
        return `  ${`${name}:`.padEnd(18)} ${version} (${revision}) 170MB classic`;
    });
    const tracking = installed
        ? [`tracking:     ${installed.channel}`, `installed:    ${installed.version} (${installed.revision}) classic`]
        : [];
    return [
        `name:      ${NAME}`,
        "summary:   Kubernetes for workstations and appliances",
        "publisher: Canonical**",
        ...tracking,
        "channels:",
        ...channels,
    ].join("\n");
}
