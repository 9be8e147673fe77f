import type { Resource, Tree } from "./resource";

/** What is wrong: `where: what must hold (what it is). What to do.` Never a secret's value. */
export type Message = string;

/** Something that must hold for every stack. */
export interface Rule {
    /** Used in exceptions, reviews and reports, so it never changes. */
    name: string;
    /** What must hold, in one sentence. */
    title: string;
    /** What happens otherwise. */
    reason: string;
    /** A resource that violates it; a test shows that it does. */
    example: { type: string; inputs: Tree; inside?: string };
    /** What is wrong with one resource. */
    check?: (resource: Resource) => Message[];
    /** What is wrong between resources; looked at when all are known. */
    checkStack?: (resources: Resource[]) => { urn: string; message: Message }[];
}
