import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { METRICS_PATH, METRICS_PORT_NAME } from "./observability";
import { renderPodMonitor } from "../kubernetes/metrics";
import { APISIX_PODS } from "../kubernetes/network-policies";
import { metadata } from "../kubernetes/ownership";

/** Name of the PodMonitor. */
const POD_MONITOR = "alpa-auth-gateway";

/**
 * PodMonitor of the gateway pods for the Prometheus operator. The selectors of the operator's Prometheus decide whether the
 * PodMonitor is used, and `observability.metrics.scrapers` decides whether Prometheus can reach the pods.
 *
 * With the option `deletedWith`, Pulumi sends no request to delete the PodMonitor: it is deleted with its namespace.
 * @param namespace namespace APISIX runs in
 */
export function gatewayMonitor(name: string, namespace: string, opts: pulumi.CustomResourceOptions): void {
    const object = { apiVersion: "monitoring.coreos.com/v1", kind: "PodMonitor" };
    const spec = renderGatewayMonitor();
    new k8s.apiextensions.CustomResource(name, { ...object, metadata: metadata(POD_MONITOR, namespace), spec }, opts);
}

export function renderGatewayMonitor() {
    return renderPodMonitor(APISIX_PODS.matchLabels, METRICS_PORT_NAME, METRICS_PATH);
}
