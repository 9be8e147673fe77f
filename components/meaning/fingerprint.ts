import { createHash, createHmac } from "node:crypto";
import { all, unsecret, type Output } from "@pulumi/pulumi/output";
import type { ShowSecret } from "./plain";

/** Length of a fingerprint in hexadecimal digits: enough to see a change, too short to identify a secret by itself. */
const LENGTH = 12;

/**
 * Shows a secret as `fingerprint:<12 digits>`, a keyed hash. Without the key, a hash of a short password could be guessed.
 * @param seed secret of the stack
 */
export function fingerprints(seed: Output<string>): ShowSecret {
    // A run with `--target` may not create the salt of a caller that it leaves out.
    const shownOf = (key: string, text: string | undefined) => (text === undefined ? "" : keyed(key, text));
    return (value) => unsecret(all([seed, value]).apply(([key, text]) => shownOf(key, text)));
}

function keyed(seed: string, value: string): string {
    return shown(createHmac("sha256", seed).update(value).digest("hex"));
}

/** Fingerprint of a public value, for example of a certificate or of the salt of a generated key. */
export function publicFingerprint(value: string): string {
    return shown(createHash("sha256").update(value).digest("hex"));
}

function shown(digest: string): string {
    return `fingerprint:${digest.slice(0, LENGTH)}`;
}
