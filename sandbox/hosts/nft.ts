/**
 * Fake nft on one sandbox host: it stores what the project's scripts load, and filters nothing, because hosts share this
 * machine's network. What the rules do with packets is proved with the real nft and kernel
 * (test/unit/components/hosts/server-firewall-kernel.test.ts). Supported: `nft -f FILE` with one table that the file replaces,
 * and `nft delete table FAMILY NAME`; the rest is refused by name.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import type { Host } from "./host";
import { failed, type Reply, said, unsupported } from "./reply";

/** Path of nft on a host. It comes before this machine's nft in PATH. */
const NFT = "/usr/local/sbin/nft";

export class Nft {
    /** Loaded text, by family and name of the table. A test can clear it, as a reboot does. */
    readonly tables = new Map<string, string>();

    /** @param root the folder of the host */
    constructor(private readonly root: string) {}

    run(args: string[], privileged: boolean): Reply {
        if (!privileged) return failed("Operation not permitted (you must be root)");
        const [verb, ...words] = args;
        if (verb === "-f" && words.length === 1) return this.load(words[0]);
        if (verb !== "delete" || words[0] !== "table") return unsupported(`nft ${args.join(" ")}`);
        return this.tables.delete(words.slice(1).join(" ")) ? said() : failed("Error: No such file or directory");
    }

    private load(file: string): Reply {
        const text = fs.readFileSync(path.join(this.root, file), "utf8");
        const [, table] = /^table (\w+ \w+)\ndelete table \1\ntable \1 \{\n[^]*\n\}\n$/.exec(text) ?? [];
        if (table === undefined) return failed(`${file}:1:1: Error: syntax error`);
        this.tables.set(table, text);
        return said();
    }
}

/** Installs nft on a host. */
export function layNft(host: Pick<Host, "root" | "stage">): Nft {
    const nft = new Nft(host.root);
    host.stage.lay(NFT, ({ args, privileged }) => nft.run(args, privileged));
    return nft;
}
