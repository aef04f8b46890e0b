using System.Buffers;
using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text.Json;
using Touchmark.Streaming;

namespace Touchmark.Gateway.OnPrinter;

/// <summary>Frames to one caller (spec/printer-socket.md, Frames), one after the other.</summary>
internal sealed class FrameSender(Socket socket, TimeProvider time) : IDisposable
{
    private const int PrefixSize = sizeof(uint);

    /// <summary>A caller that takes nothing for so long is gone, or wants to hold what is in the buffer.</summary>
    private static readonly TimeSpan SendLimit = TimeSpan.FromSeconds(10);

    private readonly NetworkStream _stream = new(socket, ownsSocket: false);
    private readonly SemaphoreSlim _sending = new(1);
    private readonly ArrayBufferWriter<byte> _frame = new(1024);

    /// <summary>Answers a request.</summary>
    public Task SendAsync(Request request, Answer answer, CancellationToken cancellationToken) => SendAsync(
        json =>
        {
            json.WriteNumber("id", request.Id);
            json.WriteBoolean("ok", answer.Refused is null);
            if (answer.Refused is { } refused)
            {
                Write(json, refused);
            }
            else
            {
                answer.Fields!(json);
            }

            if (!answer.Raw.IsEmpty)
            {
                json.WriteNumber("bytes", answer.Raw.Length);
            }
        },
        answer.Raw,
        cancellationToken);

    /// <summary>Sends one frame, after whatever is being sent.</summary>
    /// <exception cref="IOException">The caller is gone.</exception>
    /// <exception cref="OperationCanceledException">Stopped, or the caller took nothing for too long: the connection is closed.</exception>
    public async Task SendAsync(Action<Utf8JsonWriter> write, ReadOnlyMemory<byte> raw, CancellationToken cancellationToken)
    {
        await _sending.WaitAsync(cancellationToken);
        try
        {
            _frame.ResetWrittenCount();
            _frame.Advance(PrefixSize);
            using (var json = new Utf8JsonWriter(_frame))
            {
                json.WriteStartObject();
                write(json);
                json.WriteEndObject();
            }

            var frame = System.Runtime.InteropServices.MemoryMarshal.AsMemory(_frame.WrittenMemory);
            BinaryPrimitives.WriteInt32BigEndian(frame.Span, frame.Length - PrefixSize);
            using var limit = new CancellationTokenSource(SendLimit, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
            await _stream.WriteAsync(frame, either.Token);
            if (!raw.IsEmpty)
            {
                await _stream.WriteAsync(raw, either.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Half a frame may be out: nothing can follow it.
            socket.Close();
            throw;
        }
        finally
        {
            _sending.Release();
        }
    }

    public void Dispose()
    {
        _stream.Dispose();
        _sending.Dispose();
    }

    private static void Write(Utf8JsonWriter json, Refusal refused)
    {
        json.WriteString("code", refused.Code);
        json.WriteString("text", refused.Text);
        json.WriteStartObject("figures");
        foreach (var (name, value) in refused.Figures)
        {
            json.WriteString(name, value);
        }

        json.WriteEndObject();
        json.WriteString("fix", refused.Fix);
    }
}
