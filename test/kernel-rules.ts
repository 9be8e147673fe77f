/** Whether this machine can load nftables rules and send packets to them, in network namespaces. */
import { spawnSync } from "node:child_process";

/** Starts a program in a network namespace of its own, as root there. */
export const IN_NAMESPACES = ["unshare", "--user", "--map-root-user", "--net"];

/** @returns a description of what is missing */
export function missingForPackets(): string | undefined {
    const works = (...words: string[]) => spawnSync(words[0], words.slice(1), { stdio: "ignore" }).status === 0;
    if (!works("python3", "--version")) return "Python 3";
    if (!works(...IN_NAMESPACES, "ip", "link")) return "user and network namespaces (Linux), and iproute2";
    if (!works(...IN_NAMESPACES, "nft", "list", "ruleset")) return "nft";
    return undefined;
}
