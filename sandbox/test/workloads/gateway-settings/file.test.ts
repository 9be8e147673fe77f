/** Proves which settings file a container of APISIX reads, and with which files it does not start. */
import type { V1Container, V1Pod } from "@kubernetes/client-node";
import assert from "node:assert/strict";
import { stringify } from "yaml";
import { profileProblem, settingsFile } from "../../../workloads/gateway-settings/file";

const good = {
    apisix: { node_listen: [9080] },
    deployment: {
        role: "traditional",
        role_traditional: { config_provider: "etcd" },
        admin: {
            admin_listen: { ip: "0.0.0.0", port: 9180 },
            admin_key: [{ name: "admin", key: "${{APISIX_ADMIN_KEY}}", role: "admin" }],
        },
        etcd: { host: ["http://c-etcd.apisix.svc.cluster.local:2379"] },
    },
};

describe("Settings of APISIX in a pod", () => {
    const file = (name: string) => `/usr/local/apisix/conf/${name}`;
    const look = (settings: object | undefined, profile?: string) => {
        const container = {
            name: "apisix",
            env: [
                { name: "APISIX_ADMIN_KEY" },
                ...(profile === undefined ? [] : [{ name: "APISIX_PROFILE", value: profile }]),
            ],
            volumeMounts: [
                { name: "chart", mountPath: file("config.yaml"), subPath: "config.yaml" },
                { name: "own", mountPath: file("config-own.yaml"), subPath: "config-own.yaml" },
            ],
        } as V1Container;
        const pod = {
            metadata: { namespace: "ns" },
            spec: {
                containers: [container],
                volumes: [
                    { name: "chart", configMap: { name: "chart" } },
                    { name: "own", configMap: { name: "own" } },
                ],
            },
        } as V1Pod;
        const configMaps = new Map([
            ["ns/chart", { "config.yaml": "chart" } as Record<string, string>],
            ["ns/own", settings ? { "config-own.yaml": stringify(settings) } : {}],
        ]);
        const reachable = (host: string, port: number) => host === "c-etcd.apisix.svc.cluster.local" && port === 2379;
        return {
            text: settingsFile(pod, container, configMaps),
            problem: profileProblem(pod, container, configMaps, reachable),
        };
    };

    it("are the chart's without a profile", () =>
        assert.deepEqual(look(undefined), { text: "chart", problem: undefined }));
    it("are those of the profile", () =>
        assert.deepEqual(look(good, "own"), { text: stringify(good), problem: undefined }));

    const { deployment } = good;
    const refused: [why: string, settings: object | undefined, profile: string, problem: RegExp][] = [
        ["a profile without a file", good, "other", /config-other.yaml: no such file/],
        ["a file that its ConfigMap lacks", undefined, "own", /no such file/],
        [
            "another role",
            { ...good, deployment: { ...deployment, role: "data_plane" } },
            "own",
            /unsupported by the sandbox: APISIX without etcd/,
        ],
        [
            "a key in plain text",
            {
                ...good,
                deployment: { ...deployment, admin: { ...deployment.admin, admin_key: [{ name: "admin", key: "k" }] } },
            },
            "own",
            /admin_key: must be set, and refer to environment variables/,
        ],
        [
            "an etcd that does not exist",
            { ...good, deployment: { ...deployment, etcd: { host: ["http://other:2379"] } } },
            "own",
            /all etcd nodes are unavailable: http:\/\/other:2379/,
        ],
    ];
    for (const [why, settings, profile, problem] of refused)
        it(`keep it from starting with ${why}`, () => assert.match(look(settings, profile).problem ?? "", problem));
});
