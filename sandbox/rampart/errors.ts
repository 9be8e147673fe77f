/** The three ways in which the real program fails; they differ in what the user sees. */

/** Errors that Rampart reports: the webhook answers 403 with them, the controller writes them into the status. */
export class GraphErrors extends Error {
    constructor(
        readonly during: "validation" | "deployment",
        readonly errors: string[],
    ) {
        super(errors.join("\n"));
    }

    /** What the controller puts into status.messages ("occured" is how the real program spells it). */
    get messages(): string {
        return `The following errors occured during ${this.during}:\n${this.errors.map((e) => `${e}\n\n`).join("")}`;
    }
}

/** An uncaught exception: the webhook answers 500, the controller process exits. The text is Python's. */
export class Crash extends Error {}

/** The deployment task was cancelled because the graph was changed or deleted meanwhile. */
export class Cancelled extends Error {}

/** The controller process ended: nothing is cleaned up. */
export class Killed extends Error {}

/** Errors of several steps in one: duplicates fall together, as in the set the real program keeps. */
export function collect(during: "validation" | "deployment", problems: unknown[]): GraphErrors | undefined {
    const texts = new Set<string>();
    for (const problem of problems) {
        if (problem instanceof GraphErrors) problem.errors.forEach((text) => texts.add(text));
        else texts.add(problem instanceof Error ? problem.message : String(problem));
    }
    return texts.size === 0 ? undefined : new GraphErrors(during, [...texts]);
}
