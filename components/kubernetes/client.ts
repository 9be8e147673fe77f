import type * as client from "@kubernetes/client-node" with { "resolution-mode": "import" };

/**
 * The Kubernetes client, loaded by its first use. That takes 0.4 s of a core (measured 2026-11); a preview and most of the
 * operators' commands do without.
 */
export function kubernetesClient(): typeof client {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import at the top would load it at once
    return require("@kubernetes/client-node") as typeof client;
}
