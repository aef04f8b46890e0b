using System.Text.Json;
using Touchmark.Gateway.Engine;

namespace Touchmark.Gateway.OnPrinter;

/// <summary>The operations of the socket that the engine answers in the end.</summary>
internal static class EngineOps
{
    public static async Task<Answer> AnswerAsync(Request request, EngineDesk? engine, FileDesk files, FrameSender sender, CancellationToken cancellationToken)
    {
        if (engine is null)
        {
            return Answer.Refuse("ENGINE_UNREACHABLE", "This gateway has no engine.", "Enrol it.");
        }

        try
        {
            return request.Op == "slice" ? await SliceAsync(request, engine, files, sender, cancellationToken) : Token(await engine.Token.RefreshAsync(cancellationToken));
        }
        catch (GatewayError refused)
        {
            return Answer.Refuse(refused.ToRefusal());
        }
    }

    /// <summary>Of the operation <c>status</c>.</summary>
    public static void Write(Utf8JsonWriter json, string name, TokenStatus? token)
    {
        if (token is null)
        {
            json.WriteNull(name);
            return;
        }

        json.WriteStartObject(name);
        json.WriteString("state", token.State);
        Write(json, "issued_at", token.IssuedAt);
        Write(json, "expires_at", token.ExpiresAt);
        json.WriteEndObject();
    }

    private static Answer Token(TokenStatus token) => Answer.Of(json => Write(json, "expires_at", token.ExpiresAt));

    private static void Write(Utf8JsonWriter json, string name, DateTimeOffset? time)
    {
        if (time is { } known)
        {
            json.WriteString(name, known);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    private static async Task<Answer> SliceAsync(Request request, EngineDesk engine, FileDesk files, FrameSender sender, CancellationToken cancellationToken)
    {
        if (files.Target(request, out var refusal) is not var (folder, target))
        {
            return Answer.Refuse(refusal!);
        }

        var made = await engine.Slicing.SliceAsync(request.Body, folder, target, TellAsync, cancellationToken);
        return Answer.Of(json =>
        {
            json.WriteString("name", Path.GetFileName(target));
            json.WriteString("file_id", $"{made.FileId:D}");
            json.WriteNumber("size", made.Size);
        });

        async Task TellAsync(string stage, double fraction)
        {
            try
            {
                await sender.SendAsync(
                    json =>
                    {
                        json.WriteString("event", "progress");
                        json.WriteNumber("id", request.Id);
                        json.WriteString("stage", stage);
                        json.WriteNumber("fraction", Math.Round(fraction, 2));
                    },
                    raw: default,
                    cancellationToken);
            }
            catch (IOException gone)
            {
                // Not the disk: whoever asked is gone.
                throw new OperationCanceledException("the caller is gone", gone);
            }
        }
    }
}
