/** Shared by the tests of the TypeScript client's settings. */
import { strict as assert } from "node:assert";
import { ConfigurationError } from "../../../client/typescript/src/errors";

export const KEY = "S3CRET-that-must-not-show";
/** A token without a valid signature. */
export const token = (header: object, payload: object) =>
    [header, payload, "S3CRET"].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
export const far = { exp: 4_000_000_000 };

/** `where: what must hold (got). What to do.` A requirement of a value needs no advice. */
const FORM = /^[^:]+: (must be .* \(got .*\)\.|.* \(.*\)\. [A-Z].*[^ ])$/;

/** Problems of rejected settings. Asserts that each has the form of all errors, and that none contains a secret. */
export function problems(make: () => unknown): string[] {
    try {
        make();
    } catch (error) {
        assert.ok(error instanceof ConfigurationError, String(error));
        assert.doesNotMatch(`${error.stack}`, /S3CRET|PRIVATE KEY-----\n/);
        for (const problem of error.problems) assert.match(problem, FORM);
        return error.problems;
    }
    assert.fail("nothing was refused");
}
