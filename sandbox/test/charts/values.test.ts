// Proves that the emulated charts accept the values of this project, and reject all others. Engine tests render the templates.
import Ajv from "ajv";
import { strict as assert } from "node:assert";
import { apisixValues } from "../../../components/apisix/values";
import { operatorValues } from "../../../components/opt/opt-graph";
import { valuesSchema } from "../../charts/package";

const RAMPART = { rampart: { name: "x" }, global: { rampart: { name: "x" } } };
const release = (more: object = {}) =>
    apisixValues(
        {
            chart: { repository: "https://charts.example.org", version: "2.14.0" },
            image: { repository: "apache/apisix", tag: "3.18.0-ubuntu" },
            etcdImage: "gcr.io/etcd-development/etcd:v3.6.16",
            replicas: 3,
            nodePort: 30800,
            ...more,
        },
        "alpa-auth",
    );

function problems(chart: string, values: object): string {
    const check = new Ajv({ strict: false, allErrors: true }).compile(valuesSchema(chart));
    if (check(values)) return "";
    return check.errors!.map(({ instancePath, params }) => `${instancePath} ${JSON.stringify(params)}`).join("\n");
}

describe("Values of the emulated charts", () => {
    const tls = { nodePort: 30843, minimumVersion: "1.2", publicPort: 443 };
    const accepted: [chart: string, what: string, values: object][] = [
        ["apisix", "this project's", release()],
        ["apisix", "those of option inter", release({ tls, availability: { answerTimeoutSeconds: 600 } })],
        ["apisix", "metrics", release({ observability: { metrics: { podMonitor: false } } })],
        ["apisix", "what Rampart adds", RAMPART],
        [
            "kuberay-operator",
            "this project's",
            operatorValues("llm", { image: { repository: "a", tag: "v1.6.2" } } as never),
        ],
        ["kuberay-operator", "what Rampart adds", RAMPART],
    ];
    for (const [chart, what, values] of accepted)
        it(`${chart}: accept ${what}`, () => assert.equal(problems(chart, values), ""));

    const rejected: [chart: string, values: object, problem: RegExp][] = [
        ["apisix", { replicas: 2 }, /"replicas"/],
        ["apisix", { service: { http: { nodeport: 1 } } }, /\/service\/http .*"nodeport"/],
        ["apisix", { service: { http: { nodePort: "30800" } } }, /\/service\/http\/nodePort/],
        ["apisix", { image: { tag: 3.18 } }, /\/image\/tag/],
        ["apisix", { useDaemonSet: true }, /"useDaemonSet"/],
        ["apisix", { "ingress-controller": { contorller: {} } }, /\/ingress-controller .*"contorller"/],
        ["kuberay-operator", { watchNamespaces: ["llm"] }, /"watchNamespaces"/],
    ];
    for (const [chart, values, problem] of rejected)
        it(`${chart}: reject ${JSON.stringify(values)}`, () => assert.match(problems(chart, values), problem));
});
