/** A Pulumi program that creates only the callers' objects, without components and without waits. */
import { hkdfSync } from "node:crypto";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

interface Flat {
    namespace: string;
    gateway: { name: string; namespace: string };
    /** Names of the credentials of each caller. */
    callers: Record<string, string[]>;
}

const { namespace, gateway, callers } = new pulumi.Config().requireObject<Flat>("flat");
const provider = new k8s.Provider("cluster", {});
const OURS = { "alpa-auth.io/stack": `flat/${namespace}`, "pulumi.com/patchFieldManager": "alpa-auth" };
/** The same labels and annotations as alpa-auth, so that the objects have the same size. */
const metadata = (name: string, more: Record<string, string> = {}) => ({
    name,
    namespace,
    labels: { "app.kubernetes.io/managed-by": "alpa-auth" },
    annotations: { ...OURS, ...more },
});
// Generates keys like alpa-auth, so that only components and waits differ.
const seed = new random.RandomPassword("seed", { length: 64, special: false }).result;
const derive = ([from, salt]: string[]) =>
    Buffer.from(hkdfSync("sha256", from, salt, "alpa-auth key", 24)).toString("hex");
new k8s.core.v1.Namespace("namespace", { metadata: { name: namespace } }, { provider });

export const keys = pulumi.secret(
    Object.fromEntries(
        Object.entries(callers).flatMap(([caller, credentials]) => {
            const made = credentials.map((id) => {
                const name = `${caller}.${id}`;
                const key = pulumi.secret(
                    pulumi.all([seed, new random.RandomUuid(`${name}-key`).result]).apply(derive),
                );
                const secret = new k8s.core.v1.Secret(
                    `${name}-secret`,
                    {
                        metadata: metadata(name, { "propagate.hnc.x-k8s.io/none": "true" }),
                        stringData: { key },
                    },
                    { provider },
                );
                return { who: `${caller}/${id}`, key, secret };
            });
            new k8s.apiextensions.CustomResource(
                `${caller}-consumer`,
                {
                    apiVersion: "apisix.apache.org/v1alpha1",
                    kind: "Consumer",
                    metadata: metadata(caller),
                    spec: {
                        gatewayRef: gateway,
                        credentials: credentials.map((id) => ({
                            name: id,
                            type: "key-auth",
                            secretRef: { name: `${caller}.${id}` },
                        })),
                    },
                },
                { provider, dependsOn: made.map(({ secret }) => secret) },
            );
            return made.map(({ who, key }) => [who, key]);
        }),
    ),
);
