import * as fs from "node:fs";
import * as path from "node:path";

/** Each host has its own copy of these folders. All other folders are folders of this machine, mounted read-only. */
export const OWN = ["etc", "var", "run", "opt", "home", "root", "tmp", "snap", "usr/local"];

/** Files and folders in this machine's /etc that its programs need, and that hosts therefore see. */
export const BORROWED = ["alternatives", "ssl", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "pki", "ca-certificates"];

/** Creates the folders of a host below `root`. */
export function makeFolders(root: string, files: Record<string, string>): void {
    for (const folder of [...OWN, ".view", "usr/local/bin", "usr/local/sbin", "etc/systemd/system", "var/lib"])
        fs.mkdirSync(path.join(root, folder), { recursive: true });
    for (const name of BORROWED) {
        const theirs = fs.statSync(path.join("/etc", name), { throwIfNoEntry: false });
        if (theirs?.isDirectory()) fs.mkdirSync(path.join(root, "etc", name), { recursive: true });
        else if (theirs) fs.writeFileSync(path.join(root, "etc", name), "");
    }
    for (const [name, content] of Object.entries(files)) {
        const file = path.join(root, name);
        fs.mkdirSync(path.dirname(file), { recursive: true });
        fs.writeFileSync(file, content, { mode: /\/sbin\//.test(name) ? 0o755 : 0o644 });
    }
}

/**
 * Creates mount points below `root` for files and folders of this machine that the host must see at the same paths.
 * @returns the paths that must be mounted. All other paths are in folders that every host sees
 */
export function makePlaces(root: string, visible: string[]): string[] {
    const isOwn = (name: string) => OWN.some((folder) => name.startsWith(`/${folder}/`));
    const missing = visible.filter((name) => isOwn(name) || !/^\/(usr|bin|sbin|lib\w*|proc|dev)\//.test(name));
    // A host does not see other folders of this machine, for example /srv. If parts of such a folder are visible,
    // namespace.ts creates their mount points.
    for (const name of missing.filter(isOwn)) {
        const place = path.join(root, name);
        if (fs.statSync(name).isDirectory()) fs.mkdirSync(place, { recursive: true });
        else if (!fs.existsSync(place)) {
            fs.mkdirSync(path.dirname(place), { recursive: true });
            fs.writeFileSync(place, "");
        }
    }
    return missing;
}
