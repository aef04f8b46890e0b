using System.Runtime.InteropServices;
using System.Text.Json;

namespace Touchmark.Moonraker;

/// <content>What becomes of each message that Moonraker sends.</content>
public sealed partial class MoonrakerClient
{
    private void Dispatch(ReadOnlyMemory<byte> message)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(message);
        }
        catch (JsonException)
        {
            MalformedMessages++;
            return;
        }

        using (document)
        {
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
            {
                MalformedMessages++;
            }
            else if (root.TryGetProperty("method"u8, out var method) && method.ValueKind == JsonValueKind.String)
            {
                Notified(method, root);
            }
            else if (root.TryGetProperty("id"u8, out var id) && id.ValueKind == JsonValueKind.Number && id.TryGetInt64(out var number))
            {
                if (_pending.TryRemove(number, out var call))
                {
                    Answered(call, root);
                }
            }
            else
            {
                MalformedMessages++;
            }
        }
    }

    private void Answered(PendingCall call, JsonElement root)
    {
        if (root.TryGetProperty("result"u8, out var result))
        {
            try
            {
                call.TakeResult?.Invoke(result);
                if (call.IsSecret)
                {
                    AnsweredSecret(call, ScriptFault.None);
                }
                else
                {
                    call.Completion.TrySetResult(new Answer(result.Clone(), ScriptFault.None));
                }
            }
            catch (MoonrakerException malformed)
            {
                call.Completion.TrySetException(malformed);
            }

            return;
        }

        if (!root.TryGetProperty("error"u8, out var error) || error.ValueKind != JsonValueKind.Object)
        {
            call.Completion.TrySetException(new MoonrakerException(MoonrakerFailure.Malformed, "An answer has neither result nor error."));
            return;
        }

        var code = (int)Math.Clamp(error.Number("code", 0), -100_000, 100_000);
        if (call.IsSecret)
        {
            var raw = error.TryGetProperty("message"u8, out var text) && text.ValueKind == JsonValueKind.String ? JsonBytes(text) : default;
            AnsweredSecret(call, ScriptFaults.Classify(code, raw));
        }
        else
        {
            call.Completion.TrySetException(new MoonrakerException(MoonrakerFailure.Refused, error.Text("message", "no reason given"), code));
        }
    }

    private void AnsweredSecret(PendingCall call, ScriptFault fault) => _updates.Add(() => call.Completion.TrySetResult(new Answer(default, fault)));

    private void Notified(JsonElement method, JsonElement root)
    {
        if (method.ValueEquals("notify_status_update"u8))
        {
            if (FirstParameters(root, out var status, out var eventTime))
            {
                Publish(StatusMerge.Apply(Status, status, eventTime, _subscribed));
            }
        }
        else if (method.ValueEquals("notify_klippy_disconnected"u8))
        {
            Publish(Status with { Klippy = KlippyState.Disconnected, KlippyMessage = "Klipper is not connected to Moonraker." });
        }
        else if (method.ValueEquals("notify_klippy_shutdown"u8))
        {
            Publish(Status with { Klippy = KlippyState.Shutdown });
        }
        else if (method.ValueEquals("notify_klippy_ready"u8))
        {
            Publish(Status with { Klippy = KlippyState.Ready, KlippyMessage = "" });
        }
        else if (method.ValueEquals("notify_gcode_response"u8))
        {
            // Klipper's console: it quotes commands, so nothing of it is kept.
            if (root.TryGetProperty("params"u8, out var lines) && lines.ValueKind == JsonValueKind.Array && lines.GetArrayLength() > 0
                && lines[0].ValueKind == JsonValueKind.String && JsonBytes(lines[0]).StartsWith("\"// Unknown command:"u8))
            {
                UnknownCommands++;
            }
        }
    }

    private void Publish(PrinterStatus state)
    {
        Volatile.Write(ref _status, state);
        _updates.Add(state);
    }

    private static bool FirstParameters(JsonElement root, out JsonElement status, out double eventTime)
    {
        status = default;
        eventTime = 0;
        if (!root.TryGetProperty("params"u8, out var parameters) || parameters.ValueKind != JsonValueKind.Array || parameters.GetArrayLength() < 2)
        {
            return false;
        }

        status = parameters[0];
        return StatusMerge.TryNumber(parameters[1], out eventTime);
    }

    // The bytes as they came, in the receive buffer that is wiped after each message: no copy, no string.
    private static ReadOnlySpan<byte> JsonBytes(JsonElement text) => JsonMarshal.GetRawUtf8Value(text);
}
