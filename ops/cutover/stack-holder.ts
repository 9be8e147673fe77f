/** The lock holder of a stack. It is set in the stack file, and `pulumi up` writes it to the cluster. */
import { Scalar, type Document } from "yaml";
import { PROJECT } from "../stack/stack-file";

/** The lock holder, and the time at which its lock expires without further heartbeats. */
export interface Holder {
    name: string;
    /** For example `2026-11-26T12:00:00Z`. */
    until: string;
}

/** How long the lock is valid without further heartbeats, in minutes. */
const HELD_MINUTES = 120;

/** @param isLast whether the step is the last one, which releases the lock */
export function holderOfStep(name: string, { isLast }: { isLast: boolean }): Holder {
    const until = new Date(Date.now() + (isLast ? 0 : HELD_MINUTES) * 60_000);
    return { name, until: until.toISOString().replace(/\.\d+Z$/, "Z") };
}

export function setHolder(document: Document, { name, until }: Holder): void {
    const holder = ["config", keyOf(document, "convert"), "holder"];
    // Without quotes Pulumi would parse a timestamp and pass it on in another form.
    const quoted = new Scalar(until);
    quoted.type = Scalar.QUOTE_DOUBLE;
    document.setIn(holder, document.createNode({ name }, { flow: true }));
    document.setIn([...holder, "until"], quoted);
}

/** Key of a setting in the file: Pulumi also accepts it without the project's name. */
export function keyOf(document: Document, name: string): string {
    return document.hasIn(["config", name]) ? name : `${PROJECT}:${name}`;
}
