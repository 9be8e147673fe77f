/** Extracts programs from a downloaded archive. */
import { execFile } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { promisify } from "node:util";
import { DownloadFailed } from "./download";

/**
 * Extracts the named members into `work` with the system's `tar`, and moves them to `out`. Other members are not extracted,
 * so no path in the archive can lead out of the folder. Zip files are released only for macOS, and the `tar` of macOS can
 * read zip files.
 */
export async function unpack(
    archive: string,
    members: Record<string, string>,
    work: string,
    out: string,
): Promise<void> {
    const name = path.basename(archive);
    await promisify(execFile)("tar", ["-xf", archive, "-C", work, ...Object.values(members)]).catch(
        (error: Error & { stderr?: string }) => {
            const said = (error.stderr || error.message).trim().split("\n")[0];
            throw new DownloadFailed(`${name} cannot be unpacked: ${said}`);
        },
    );
    for (const [to, member] of Object.entries(members)) {
        const file = path.join(work, member);
        // A symbolic link is rejected, because it could point to any file of this machine.
        if (!fs.lstatSync(file).isFile()) throw new DownloadFailed(`${name}: ${member} is not a file`);
        fs.renameSync(file, path.join(out, to));
    }
}
