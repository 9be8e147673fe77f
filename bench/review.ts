import { performance } from "node:perf_hooks";
import { renderMarkdown } from "../ops/stack/review/markdown";
import { readPreview } from "../ops/stack/review/preview";
import { renderText } from "../ops/stack/review/report";
import { reviewOf } from "../ops/stack/review/review";

/** What a review takes beside the preview that it reads, for callers all of whom change: the most there can be. */
export function measureReview(count: number, say: (line: string) => void): void {
    const text = JSON.stringify({ steps: Array.from({ length: count }, (_, i) => stepsOf(`caller-${i}`)).flat() });
    const start = performance.now();
    const review = reviewOf(readPreview(text, "preview"), new Date());
    const judged = performance.now();
    const [page, comment] = [renderText(review), renderMarkdown(review)];
    const done = performance.now();
    const size = `${(text.length / 2 ** 20).toFixed(1)} MiB of preview`;
    const lines = `${page.split("\n").length} lines of text, ${comment.length} characters of comment`;
    say(
        `${count} callers, ${review.findings.length} findings, ${size}: read and judged in ${Math.round(judged - start)} ms, written in ${Math.round(done - judged)} ms (${lines})`,
    );
}

/** A caller with a lower limit, and one of its two keys revoked. */
function stepsOf(name: string): object[] {
    const consumer = (ids: string[], count: number) => ({
        apiVersion: "apisix.apache.org/v1alpha1",
        kind: "Consumer",
        metadata: { name, namespace: "alpa-auth", labels: { "app.kubernetes.io/managed-by": "alpa-auth" } },
        spec: {
            credentials: ids.map((id) => ({ name: id, type: "key-auth", secretRef: { name: `${name}.${id}` } })),
            plugins: [
                { name: "limit-count", config: { count, time_window: 60, key: "consumer_name", group: `g-${count}` } },
            ],
        },
    });
    const state = (type: string, resource: string, inputs: object) => {
        const urn = `urn:pulumi:bench::alpa-auth::${type}::${resource}`;
        return { urn, type, custom: true, id: resource, inputs, outputs: inputs };
    };
    const type = "kubernetes:apisix.apache.org/v1alpha1:Consumer";
    const [oldState, newState] = [consumer(["a", "b"], 60), consumer(["a"], 30)].map((inputs) =>
        state(type, `${name}-consumer`, inputs),
    );
    const secret = state("kubernetes:core/v1:Secret", `${name}.b-secret`, {
        metadata: { name: `${name}.b`, namespace: "alpa-auth" },
        stringData: "[secret]",
    });
    const salt = state("random:index/randomUuid:RandomUuid", `${name}.b-key`, {});
    return [
        {
            op: "update",
            urn: oldState.urn,
            oldState,
            newState,
            detailedDiff: { "spec.credentials[1]": { kind: "delete" } },
        },
        { op: "delete", urn: secret.urn, oldState: secret },
        { op: "delete", urn: salt.urn, oldState: salt },
    ];
}
