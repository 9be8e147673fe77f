import type * as grpc from "@grpc/grpc-js";
import * as provider from "@pulumi/pulumi/proto/provider_pb";
import { ResourceProviderClient, ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { ask, connect } from "./kit";

export type Values = Record<string, any>;

const SIGNATURE = "4dabf18193072939515e22adb298388d";

const struct = (values: Values) => Struct.fromJavaScript(values as Record<string, JavaScriptValue>);
const values = (found: Struct | undefined) => (found?.toJavaScript() ?? {}) as Values;

export const isSecret = (value: any) => typeof value === "object" && value !== null && SIGNATURE in value;

/** A state without the marks of secrets. The engine passes it like this to a provider that does not accept secrets. */
export const plain = (state: Values): Values =>
    Object.fromEntries(Object.entries(state).map(([name, value]) => [name, isSecret(value) ? value.value : value]));

const diffRequest = (urn: string, state: Values, inputs: Values) =>
    new provider.DiffRequest()
        .setUrn(urn)
        .setOlds(struct(plain(state)))
        .setNews(struct(inputs));

/**
 * A client that calls a provider of the sandbox over its protocol, as the engine does. The client has property maps as
 * plain objects.
 */
export async function providerClient(service: grpc.UntypedServiceImplementation, urnOf: (type: string) => string) {
    const { client, close } = await connect(ResourceProviderService, service, ResourceProviderClient);
    return {
        client,
        close,
        configure: (args: Values) =>
            ask(client, client.configure, new provider.ConfigureRequest().setArgs(struct(args))),
        async configProblems(args: Values): Promise<string[]> {
            const request = new provider.CheckRequest().setUrn("u").setNews(struct(args));
            const found = await ask(client, client.checkConfig, request);
            return found.getFailuresList().map((failure) => failure.getReason());
        },
        async check(type: string, inputs: Values): Promise<{ inputs: Values; problems: string[] }> {
            const request = new provider.CheckRequest().setUrn(urnOf(type)).setNews(struct(inputs)).setOlds(struct({}));
            const found = await ask(client, client.check, request);
            const problems = found.getFailuresList().map((failure) => failure.getReason());
            return { inputs: values(found.getInputs()), problems };
        },
        async create(type: string, inputs: Values, preview = false): Promise<{ id: string; state: Values }> {
            const request = new provider.CreateRequest()
                .setUrn(urnOf(type))
                .setProperties(struct(inputs))
                .setPreview(preview);
            const made = await ask(client, client.create, request);
            return { id: made.getId(), state: values(made.getProperties()) };
        },
        async update(type: string, state: Values, inputs: Values, preview = false): Promise<Values> {
            const request = new provider.UpdateRequest()
                .setUrn(urnOf(type))
                .setOlds(struct(plain(state)))
                .setNews(struct(inputs))
                .setPreview(preview);
            return values((await ask(client, client.update, request)).getProperties());
        },
        async diff(type: string, state: Values, inputs: Values): Promise<{ changes: string[]; replaces: string[] }> {
            const found = await ask(client, client.diff, diffRequest(urnOf(type), state, inputs));
            return { changes: found.getDiffsList().sort(), replaces: found.getReplacesList().sort() };
        },
        /** The kind of each difference, by property path; undefined if the provider does not return any kinds. */
        async detailedDiff(type: string, state: Values, inputs: Values): Promise<Record<string, string> | undefined> {
            const found = await ask(client, client.diff, diffRequest(urnOf(type), state, inputs));
            if (!found.getHasdetaileddiff()) return undefined;
            const kinds = Object.entries(provider.PropertyDiff.Kind);
            const nameOf = (kind: number) => kinds.find(([, value]) => value === kind)![0];
            const entries = found.getDetaileddiffMap().getEntryList();
            return Object.fromEntries(
                entries.map(([path]) => [path, nameOf(found.getDetaileddiffMap().get(path)!.getKind())]),
            );
        },
        async read(type: string, id: string, state: Values = {}, inputs: Values = {}) {
            const request = new provider.ReadRequest()
                .setUrn(urnOf(type))
                .setId(id)
                .setProperties(struct(plain(state)))
                .setInputs(struct(inputs));
            const found = await ask(client, client.read, request);
            return { id: found.getId(), state: values(found.getProperties()), inputs: values(found.getInputs()) };
        },
        delete: (type: string, id: string, state: Values) =>
            ask(
                client,
                client.delete,
                new provider.DeleteRequest()
                    .setUrn(urnOf(type))
                    .setId(id)
                    .setProperties(struct(plain(state))),
            ),
        async invoke(token: string, args: Values): Promise<Values> {
            const request = new provider.InvokeRequest().setTok(token).setArgs(struct(args));
            return values((await ask(client, client.invoke, request)).getReturn());
        },
    };
}

export type ProviderClient = Awaited<ReturnType<typeof providerClient>>;
