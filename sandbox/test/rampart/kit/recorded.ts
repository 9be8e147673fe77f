import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Helmfile } from "../../../rampart/controller/helmfile.js";
import type { GraphObject } from "../../../rampart/types.js";
import type { Answer, State } from "./memory-cluster.js";

interface RecordedCase {
    id: string;
    graph: GraphObject;
    kind: "valid" | "schema" | "constraint" | "crash";
    message: string | null;
    webhook: { exception?: string };
}

export interface RecordedStep {
    action: string;
    apiResult?: Answer;
    states?: State[];
    commands?: string[];
}

export interface RecordedTransition {
    id: string;
    graph: string;
    steps: RecordedStep[];
}

interface Recording {
    cases: RecordedCase[];
    transitions: RecordedTransition[];
    helmfiles: Record<string, Helmfile>;
}

const shared = process.env["ALPA_AUTH_SHARED"] ?? join(__dirname, "../../../../../shared");
const file = join(shared, "reference/data/recorded/rampart.json");

/** Answers of the real Rampart; undefined where the recordings are not available. */
export const recording = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Recording) : undefined;

/**
 * Replaces the environment and the work directory by placeholders, because the recordings have these placeholders too.
 */
export function withPlaceholders(text: string): string {
    return text
        .replace(
            /\{'env': \{.*\}, 'stdout'/,
            "{'env': {<every environment variable of the controller process>}, 'stdout'",
        )
        .replaceAll("/var/lib/rampart/", "<workdir>/");
}
