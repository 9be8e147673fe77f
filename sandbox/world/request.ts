/** Commands with curl that send a request to /completions, as a caller does. */
import { SAMPLE_COMPLETION } from "../../components/alpa/sample";
import { credentialFile, writePrivate } from "./state";

/** curl with options for all requests: it prints the HTTP status on the last line. */
export const CURL = "curl -sS --max-time 60 -w '\\n%{http_code}\\n'";

/** Command line of a completion request. @param headers each as an argument of curl's `-H` */
export function completion(url: string, ...headers: string[]): string {
    return [
        CURL,
        `${url}/completions`,
        ...headers.map((header) => `-H ${header}`),
        "-H 'Content-Type: application/json'",
        `-d '${SAMPLE_COMPLETION}'`,
    ].join(" ");
}

/**
 * Writes headers with a credential to a file that only this user can read: command lines are visible to every user of the
 * machine.
 * @returns argument for curl's `-H` that refers to the file
 */
export function headerFile(dir: string, name: string, ...headers: string[]): string {
    const file = credentialFile(dir, name);
    writePrivate(file, `${headers.join("\n")}\n`);
    return `@'${file}'`;
}
