/** The requests `up` makes and `status` lists: what a caller would type, and what must come back. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { SAMPLE_COMPLETION } from "../../components/intra-cluster";
import { writePrivate, type Attempt } from "./state";

/**
 * @param credentials key by `<consumer>/<credential>`. Each goes into a file of its own that only this user can read,
 * since a command line can be read by everyone on the machine.
 */
export function attempts(dir: string, url: string, credentials: Record<string, string>): Attempt[] {
    const request = (header?: string) =>
        [
            "curl -sS --max-time 60 -w '\\n%{http_code}\\n'",
            `${url}/completions`,
            ...(header ? [`-H ${header}`] : []),
            "-H 'Content-Type: application/json'",
            `-d '${SAMPLE_COMPLETION}'`,
        ].join(" ");
    const list: Attempt[] = [
        { title: "no credential", command: request(), expect: 401 },
        { title: "a wrong key", command: request("'apikey: not-a-key'"), expect: 401 },
    ];
    for (const [who, key] of Object.entries(credentials)) {
        const file = join(dir, "credentials", who.replace("/", "."));
        writePrivate(file, `apikey: ${key}\n`);
        list.push({ title: `key of ${who}`, command: request(`@'${file}'`), expect: 200 });
    }
    list.push({
        title: "a path that is not open",
        command: `curl -sS --max-time 60 -w '\\n%{http_code}\\n' ${url}/`,
        expect: 404,
    });
    return list;
}

/** Runs one as a person would. */
export async function tryOut(attempt: Attempt): Promise<{ status: number; body: string }> {
    const output = await new Promise<string>((resolve) => {
        execFile("sh", ["-c", attempt.command], (error, stdout, stderr) =>
            resolve(error && stdout === "" ? `${stderr.trim()}\n0` : stdout),
        );
    });
    const lines = output.trimEnd().split("\n");
    return { status: Number(lines.pop()), body: lines.join("\n").trim() };
}
