/** The requests that `up` and `status` show: commands of a caller, each with the expected HTTP status. */
import { execFile } from "node:child_process";
import { SignJWT } from "jose";
import { claimKey } from "../../components/consumers/consumer";
import { completion, CURL, headerFile } from "./request";
import type { Attempt } from "./state";

/** Lifetime of the tokens in these requests, in seconds: a day, because a sandbox rarely runs longer. */
const TOKEN_SECONDS = 24 * 60 * 60;

/** Credentials of the stack. Keys of both maps: `<consumer>/<credential>`. */
interface Credentials {
    keys: Record<string, string>;
    /** Secrets for signing tokens with HS256. */
    jwtSecrets: Record<string, string>;
    namespace: string;
}

/** How callers use one kind of server. Headers are arguments of curl's `-H`. */
export interface Service {
    keyHeader(key: string): string;
    wrongKey: string;
    /** Command of a request that is answered with 200 if the credential is valid. @param caller name of the consumer */
    request(url: string, headers: string[], caller?: string): string;
    /** A path without a route. */
    closedPath: string;
    /** Further requests of a caller. */
    more(url: string, headers: string[], caller: string): Attempt[];
}

export const ALPA_SERVICE: Service = {
    keyHeader: (key) => `apikey: ${key}`,
    wrongKey: "'apikey: not-a-key'",
    request: (url, headers) => completion(url, ...headers),
    closedPath: "/models",
    more: () => [],
};

/** The requests to try. @param always headers of every request, each as an argument of curl's `-H` */
export async function attempts(
    dir: string,
    url: string,
    credentials: Credentials,
    service: Service,
    ...always: string[]
): Promise<Attempt[]> {
    const { keys, jwtSecrets, namespace } = credentials;
    const fileOf = (name: string, header: string) => headerFile(dir, name, header);
    const request = (who: string | undefined, ...headers: string[]) =>
        service.request(url, [...always, ...headers], who?.split("/")[0]);
    const list: Attempt[] = [
        { title: "no credential", command: request(undefined), expect: 401 },
        { title: "a wrong key", command: request(undefined, service.wrongKey), expect: 401 },
    ];
    for (const [who, key] of Object.entries(keys)) {
        const file = fileOf(who, service.keyHeader(key));
        list.push(good(`key of ${who}`, request(who, file), who));
        list.push(...service.more(url, [...always, file], who.split("/")[0]));
    }
    for (const [who, secret] of Object.entries(jwtSecrets)) {
        const [consumer, id] = who.split("/");
        const token = (seconds: number) =>
            new SignJWT({ key: claimKey(namespace, consumer, id) })
                .setProtectedHeader({ alg: "HS256", typ: "JWT" })
                .setExpirationTime(Math.floor(Date.now() / 1000) + seconds)
                .sign(new TextEncoder().encode(secret));
        const valid = fileOf(who, `Authorization: Bearer ${await token(TOKEN_SECONDS)}`);
        const over = fileOf(`${who}.expired`, `Authorization: Bearer ${await token(-1)}`);
        list.push(
            good(`token of ${who}`, request(who, valid), who),
            { title: `expired token of ${who}`, command: request(who, over), expect: 401 },
            { title: "a wrong token", command: request(who, "'Authorization: Bearer not-a-token'"), expect: 401 },
        );
    }
    list.push({
        title: "a path without a route",
        command: [`${CURL} ${url}${service.closedPath}`, ...always.map((header) => `-H ${header}`)].join(" "),
        expect: 404,
    });
    return list;
}

function good(title: string, command: string, credential: string): Attempt {
    return { title, command, expect: 200, credential };
}

/** Runs the command of a request to try in a shell, as the operator would. */
export async function tryOut(attempt: Attempt): Promise<{ status: number; body: string }> {
    const output = await new Promise<string>((resolve) => {
        execFile("sh", ["-c", attempt.command], (error, stdout, stderr) =>
            resolve(error && stdout === "" ? `${stderr.trim()}\n0` : stdout),
        );
    });
    const lines = output.trimEnd().split("\n");
    return { status: Number(lines.pop()), body: lines.join("\n").trim() };
}
