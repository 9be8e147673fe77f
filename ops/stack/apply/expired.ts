/** Findings about credentials whose expiry date in the config has come. */
import { isOver } from "../../dates";
import type { Consumer } from "../stack-file";
import type { Finding } from "../review/finding";

interface Over {
    consumer: string;
    credential: string;
}

/** Returns whether a finding reports only that the run removes some of the expired credentials of these callers. */
export function isEndIn(consumers: Consumer[], today: Date): (finding: Finding) => boolean {
    const over = consumers.flatMap(({ name, credentials }) =>
        credentials
            .filter(({ expires }) => isOver(expires, today))
            .map(({ id }) => ({ consumer: name, credential: id })),
    );
    return (finding) => isEnd(finding, over);
}

/** The evidence of a revoked credential is the component of its caller. */
function isEnd({ code, evidence }: Finding, over: Over[]): boolean {
    return (
        code === "credential-revoked" &&
        evidence.length > 0 &&
        evidence.every(({ resource, property }) =>
            over.some(({ consumer, credential }) => resource === consumer && property === `credentials.${credential}`),
        )
    );
}
