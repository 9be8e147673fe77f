import { readFileSync } from "node:fs";
import { armor, Encrypter } from "age-encryption";
import { UsageError } from "../../errors";

/** Recipients from the options and from a file, each with its origin for messages. */
export function readRecipients(given: string[], file: string | undefined): [where: string, recipient: string][] {
    const list = given.map((recipient): [string, string] => ["--recipient", recipient.trim()]);
    if (file === undefined) return list;
    let lines: string[];
    try {
        lines = readFileSync(file, "utf8").split("\n");
    } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        throw new UsageError([
            `--recipient-file: must be a file that can be read (got ${file}: ${code}). Correct the path.`,
        ]);
    }
    const found = lines.flatMap((line, i): [string, string][] =>
        /^\s*(#|$)/.test(line) ? [] : [[`${file}:${i + 1}`, line.trim()]],
    );
    // Falling back to plain text would leak a credential that the operator wanted to encrypt.
    if (found.length === 0)
        throw new UsageError([`--recipient-file: must contain a public key (${file} has none). Add one.`]);
    return [...list, ...found];
}

/** An age encrypter for all recipients. @throws UsageError that names every invalid recipient */
export function encrypterFor(recipients: [where: string, recipient: string][]): (text: string) => Promise<string> {
    const encrypter = new Encrypter();
    const problems = recipients.flatMap(([where, recipient]) => {
        try {
            encrypter.addRecipient(recipient);
            return [];
        } catch (error) {
            return [`${where}: ${problemOf(recipient, error as Error)}`];
        }
    });
    if (problems.length > 0) throw new UsageError(problems);
    return async (text) => armor.encode(await encrypter.encrypt(text));
}

/** Shortens a public key for records and messages, in which keys only have to be distinguishable. */
export function shortened(recipient: string): string {
    return `${recipient.slice(0, 12)}…`;
}

function problemOf(recipient: string, error: Error): string {
    if (/PRIVATE KEY|SECRET-KEY/i.test(recipient))
        return "must be a public key (got a private key). Treat it as leaked: its owner must create a new key pair.";
    if (recipient.startsWith("ssh-"))
        return "must be an age key: age1… (got an SSH key). Encrypt with the program age: consumer handout … | age -a -R key.pub";
    // Other text is not quoted, since it could be a secret that was given by mistake.
    const got = recipient.startsWith("age1") ? ` (got ${shortened(recipient)}: ${error.message})` : "";
    return `must be a public key: age1…${got}. Ask the caller for it.`;
}
