// Two callers of an APISIX that another team runs: npm install alpa-auth-0.1.0.tgz (made by `npm run pack`).
import { readFileSync } from "node:fs";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Callers } from "alpa-auth";

const config = new pulumi.Config();
const kubeconfig = pulumi.secret(readFileSync(process.env.KUBECONFIG!, "utf8"));
const provider = new k8s.Provider("cluster", { kubeconfig });

const callers = new Callers(
    "callers",
    {
        kubeconfig,
        namespace: config.require("namespace"),
        gateway: { name: config.require("gateway"), namespace: config.require("gatewayNamespace") },
        callers: [
            {
                name: "nlp",
                limits: { requests: 60, perSeconds: 60, concurrent: 2 },
                credentials: [{ id: "2026a", method: "key" }],
            },
            { name: "lab", limits: {}, credentials: [{ id: "ci", method: "jwt", algorithm: "HS256" }] },
        ],
    },
    { provider },
);

export const keys = callers.keys;
export const jwtSecrets = callers.jwtSecrets;
