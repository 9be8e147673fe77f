/** Settings from environment variables. The names are those of the Python library; docs/call/README.md has the table. */
import { readFileSync } from "node:fs";
import { ApiKey, ServiceToken } from "./auth.js";
import { readCredentialsFile } from "./credentials-file.js";
import type { Credential } from "./credential.js";
import { Jwt } from "./jwt.js";
import type { JwtOptions } from "./jwt-source.js";
import { gather, isText, NOT_A_NAME, refuse, type Problems } from "./problems.js";
import type { ClientOptions } from "./settings.js";

/** Variables of each authentication method. The key of an entry stands for the method in errors. */
const WAYS: Record<string, string[]> = {
    ALPA_API_KEY: ["ALPA_API_KEY"],
    ALPA_JWT: ["ALPA_JWT"],
    ALPA_JWT_KEY: ["ALPA_JWT_KEY", "ALPA_JWT_SECRET", "ALPA_JWT_PRIVATE_KEY_FILE", "ALPA_JWT_ALGORITHM"],
    ALPA_ACCESS_CLIENT_ID: ["ALPA_ACCESS_CLIENT_ID", "ALPA_ACCESS_CLIENT_SECRET", "ALPA_ACCESS_HEADER"],
};
export const NAMES = [
    ...["ALPA_URL", ...Object.values(WAYS).flat()],
    ...["ALPA_CREDENTIALS_FILE", "ALPA_ANSWER_TIMEOUT_SECONDS", "ALPA_ALLOW_HTTP"],
];

type Values = Record<string, string | undefined>;

/** @param url address from the options, if given */
export function readEnvironment(environment: NodeJS.ProcessEnv, url?: string): ClientOptions {
    const problems: Problems = [];
    const values: Values = {};
    for (const name of NAMES) {
        if (environment[name] === "")
            problems.push(`${name}: must not be empty (got ""). Unset it, or give it a value.`);
        else values[name] = environment[name];
    }
    const ways = Object.keys(WAYS).filter((way) => WAYS[way]!.some((name) => values[name] !== undefined));
    const options =
        values.ALPA_CREDENTIALS_FILE === undefined
            ? withoutFile(ways, values, problems, url)
            : fromFile(values, problems);

    const { ALPA_ANSWER_TIMEOUT_SECONDS: seconds, ALPA_ALLOW_HTTP: http } = values;
    if (seconds !== undefined && !/^\d{1,6}(\.\d{1,6})?$/.test(seconds))
        problems.push(`ALPA_ANSWER_TIMEOUT_SECONDS: must be a number of seconds (got ${seconds}).`);
    if (http !== undefined && !["0", "1"].includes(http))
        problems.push(`ALPA_ALLOW_HTTP: must be 1 or 0 (got ${http}).`);
    refuse(problems);
    return {
        ...options,
        ...(seconds === undefined ? {} : { answerTimeoutSeconds: Number(seconds) }),
        allowHttp: http === "1",
    };
}

function withoutFile(ways: string[], values: Values, problems: Problems, url = values.ALPA_URL): ClientOptions {
    if (url === undefined) problems.push("ALPA_URL: must be set (it is not). Take the address from the handout.");
    if (ways.length > 1)
        problems.push(
            `${ways.join(", ")}: must belong to one authentication method (they belong to ${ways.length}). Keep one method, and unset the variables of the others.`,
        );
    return { url, auth: ways.length === 1 ? credential(ways[0]!, values, problems) : undefined };
}

function fromFile(values: Values, problems: Problems): ClientOptions {
    // A credentials file never contains a private key, so ALPA_JWT_PRIVATE_KEY_FILE may be set too.
    const names = ["ALPA_URL", ...Object.values(WAYS).flat()].filter((name) => name !== "ALPA_JWT_PRIVATE_KEY_FILE");
    const conflicting = names.filter((name) => values[name] !== undefined);
    if (conflicting.length > 0)
        problems.push(
            `ALPA_CREDENTIALS_FILE: must not be set together with ${conflicting.join(", ")} (they are set). Unset them.`,
        );
    const privateKey = readPem(values, problems);
    return gather(problems, () => readCredentialsFile(values.ALPA_CREDENTIALS_FILE!, privateKey)) ?? {};
}

function credential(way: string, values: Values, problems: Problems): Credential | undefined {
    const need = (name: string) => {
        if (values[name] === undefined)
            problems.push(
                `${name}: must be set (another variable of this authentication method is set). Take it from the handout.`,
            );
        return values[name];
    };
    switch (way) {
        case "ALPA_API_KEY":
            return gather(problems, () => new ApiKey(values[way]!));
        case "ALPA_JWT":
            return gather(problems, () => new Jwt({ token: values[way]! }));
        case "ALPA_JWT_KEY": {
            const [key, privateKey] = [need("ALPA_JWT_KEY"), readPem(values, problems)];
            if (problems.length > 0) return undefined;
            const options = { key, secret: values.ALPA_JWT_SECRET, privateKey, algorithm: values.ALPA_JWT_ALGORITHM };
            return gather(problems, () => new Jwt(options as JwtOptions));
        }
        default: {
            const [clientId, clientSecret] = [need("ALPA_ACCESS_CLIENT_ID"), need("ALPA_ACCESS_CLIENT_SECRET")];
            if (clientId === undefined || clientSecret === undefined) return undefined;
            return gather(
                problems,
                () => new ServiceToken({ clientId, clientSecret, header: values.ALPA_ACCESS_HEADER }),
            );
        }
    }
}

/** Text of the private key file. */
function readPem({ ALPA_JWT_PRIVATE_KEY_FILE: file }: Values, problems: Problems): string | undefined {
    if (file === undefined) return undefined;
    if (isText(file)) {
        problems.push(`ALPA_JWT_PRIVATE_KEY_FILE: ${NOT_A_NAME}`);
        return undefined;
    }
    try {
        return readFileSync(file, "utf8");
    } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        problems.push(
            `ALPA_JWT_PRIVATE_KEY_FILE: must be a file that can be read (got ${file}: ${code}). Correct the path.`,
        );
        return undefined;
    }
}
