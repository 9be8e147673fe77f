/** The callers' objects and nothing else, as a Pulumi program without components and without waits makes them. */
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
/** What alpa-auth writes, so that the objects are of one size. */
const metadata = (name: string, more: Record<string, string> = {}) => ({
    name,
    namespace,
    labels: { "app.kubernetes.io/managed-by": "alpa-auth" },
    annotations: { ...OURS, ...more },
});
new k8s.core.v1.Namespace("namespace", { metadata: { name: namespace } }, { provider });

export const keys = pulumi.secret(
    Object.fromEntries(
        Object.entries(callers).flatMap(([caller, credentials]) => {
            const made = credentials.map((id) => {
                const name = `${caller}.${id}`;
                const key = new random.RandomPassword(`${name}-key`, { length: 40, special: false });
                const secret = new k8s.core.v1.Secret(
                    `${name}-secret`,
                    {
                        metadata: metadata(name, { "propagate.hnc.x-k8s.io/none": "true" }),
                        stringData: { key: key.result },
                    },
                    { provider },
                );
                return { who: `${caller}/${id}`, key: key.result, secret };
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
