using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Configuration;
using Touchmark.Engine.Web;

namespace Touchmark.Engine.Tests.Web;

public sealed class RequestTimeTests
{
    [Fact]
    public async Task A_connection_that_broke_off_while_it_was_answered_does_not_end_the_engine_when_its_time_is_over()
    {
        var settings = new Dictionary<string, string?> { ["data"] = "unused", ["request-seconds"] = "1" };
        var limits = new RequestTime(EngineOptions.Read(new ConfigurationBuilder().AddInMemoryCollection(settings).Build()));
        var broken = new BrokenOff();
        var context = new DefaultHttpContext();
        context.Features.Set<IRequestBodyPipeFeature>(broken);
        context.Response.Body = new MemoryStream();

        // What a timer throws, nobody catches: without the guard this process would not come to the next line.
        await limits.LimitAsync(context, async late =>
        {
            await broken.Begun;
            late.RequestAborted.ThrowIfCancellationRequested();
        });

        Assert.Equal((1, StatusCodes.Status408RequestTimeout), (broken.Asked, context.Response.StatusCode));
    }

    /// <summary>As Kestrel's reader is after a write of the answer was aborted.</summary>
    private sealed class BrokenOff : PipeReader, IRequestBodyPipeFeature
    {
        private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Ends when the timer asks: a request that ended by itself would take the timer's work back first.</summary>
        public Task Begun => _begun.Task;

        public int Asked { get; private set; }

        public PipeReader Reader => this;

        public override void CancelPendingRead()
        {
            Asked++;
            _begun.SetResult();
            throw new ConnectionAbortedException("The connection or stream was aborted because a write operation was aborted with a CancellationToken.");
        }

        public override void AdvanceTo(SequencePosition consumed)
        {
        }

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
        {
        }

        public override void Complete(Exception? exception = null)
        {
        }

        public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => throw new ConnectionAbortedException();

        public override bool TryRead(out ReadResult result) => throw new ConnectionAbortedException();
    }
}
