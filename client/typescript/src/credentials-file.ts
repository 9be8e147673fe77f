/** Reads the file that `consumer handout` writes: address, expiry date, longest answer time, and the credential. */
import { readFileSync } from "node:fs";
import { ApiKey, ServiceToken } from "./auth.js";
import type { Credential } from "./credential.js";
import { ConfigurationError, ExpiredCredentialError } from "./errors.js";
import { Jwt } from "./jwt.js";
import type { JwtOptions } from "./jwt-source.js";
import { isText, NOT_A_NAME } from "./problems.js";
import type { ClientOptions } from "./settings.js";

const WHERE = "credentials file";

/** @param privateKey in PEM form; required if the caller's own key pair signs the tokens */
export function readCredentialsFile(file: string, privateKey: string | undefined): ClientOptions {
    const text = read(file);
    if (/^(age-encryption\.org\/|-----BEGIN AGE ENCRYPTED FILE-----)/.test(text))
        throw problem(`must be decrypted (got ${file}). Run: age --decrypt -i key.txt ${file}`);
    const url = /^# Access to (\S+)$/m.exec(text)?.[1];
    const [, who, end] =
        /^Credential (\S+)\. It works until (\d{4}-\d{2}-\d{2}(?= \(UTC\)\.$)|it is revoked\.$)/m.exec(text) ?? [];
    if (url === undefined || who === undefined)
        throw problem(
            `must be a file that \`consumer handout\` has written (got ${file}). Save the handout that you got from the operator in a file, unchanged, and give its path.`,
        );
    // As in the stack, a credential expires at the start of its expiry day (UTC).
    if (Date.parse(end!) <= Date.now())
        throw new ExpiredCredentialError(
            `The credential ${who} expired on ${end}`,
            "Ask the operator for another credential.",
        );
    const seconds = /^ ?curl -sS --max-time (\d+) /m.exec(text)?.[1];
    return {
        url,
        auth: credentialOf(text, file, privateKey),
        ...(seconds === undefined ? {} : { answerTimeoutSeconds: Number(seconds) }),
    };
}

function credentialOf(text: string, file: string, privateKey: string | undefined): Credential {
    // Reads only above the first heading, because the examples below it repeat the credential in quotes.
    const head = text.split("\n## ", 1)[0]!;
    const line = (name: string) => new RegExp(`^ {4}${name}: (.+)$`, "m").exec(head)?.[1];
    const algorithm = /^Sign a token with (\w+)\./m.exec(head)?.[1];
    if (algorithm === undefined && privateKey !== undefined)
        throw new ConfigurationError([
            `privateKey: must not be given (the credential in ${file} has no key pair). Remove privateKey.`,
        ]);
    const key = line("apikey");
    if (key !== undefined) return new ApiKey(key);
    const [clientId, clientSecret] = [line("CF-Access-Client-Id"), line("CF-Access-Client-Secret")];
    if (clientId !== undefined && clientSecret !== undefined) return new ServiceToken({ clientId, clientSecret });
    const claim = /`"key": "([^"]+)"`/.exec(head)?.[1];
    if (algorithm === undefined || claim === undefined)
        throw problem(`must contain a credential (got ${file}, which has none). Ask the operator for another handout.`);
    const secret = /^The secret that signs\. .*\n\n {4}(.+)$/m.exec(head)?.[1];
    if (secret === undefined && privateKey === undefined)
        throw new ConfigurationError([
            `privateKey: must be given (the credential in ${file} uses your own key pair). Give your private key in PEM form.`,
        ]);
    return new Jwt({ key: claim, secret, privateKey, algorithm } as JwtOptions);
}

function read(file: string): string {
    if (isText(file)) throw problem(NOT_A_NAME);
    try {
        return readFileSync(file, "utf8").replaceAll("\r\n", "\n");
    } catch (error) {
        throw problem(
            `must be a file that can be read (got ${file}: ${(error as NodeJS.ErrnoException).code}). Correct the path.`,
        );
    }
}

function problem(text: string): ConfigurationError {
    return new ConfigurationError([`${WHERE}: ${text}`]);
}
