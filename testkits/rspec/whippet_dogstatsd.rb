# frozen_string_literal: true

# Checks the metrics that a program sends while its RSpec examples run.
#
#   require_relative 'whippet_dogstatsd'
#
#   RSpec.describe 'checkout', :dogstatsd do
#     it 'pays' do
#       Datadog::Statsd.open(dogstatsd.host, dogstatsd.port) { |statsd| statsd.increment('checkout.paid') }
#       expect(dogstatsd).to have_received_metric('checkout.paid', type: 'count', sum: 1)
#     end
#   end
#
# One test server runs for all examples; each example with :dogstatsd begins with an empty one and with the variables that make
# clients send to it. It is the command in WHIPPET_TEST_COMMAND ("whippet" when that is not set), or the server at
# WHIPPET_TEST_URL, which `whippet expect -- rspec` and a container set. Only the standard library is used.
require 'json'
require 'net/http'
require 'open3'
require 'shellwords'
require 'uri'

module WhippetDogstatsd
  # A running test server: where to send to, and what it received.
  class Server
    attr_reader :host, :port, :url, :socket_path, :env

    def self.start
      known = ENV.fetch('WHIPPET_TEST_URL', '')
      return new('host' => ENV.fetch('DD_AGENT_HOST'), 'port' => ENV.fetch('DD_DOGSTATSD_PORT'), 'url' => known) unless known.empty?

      command = Shellwords.split(ENV.fetch('WHIPPET_TEST_COMMAND', 'whippet'))
      words = [*command, 'test-server', '--port', '0', '--http-port', '0', '--json', '--until-stdin-ends']
      stdin, stdout, child = Open3.popen2(*words)
      line = stdout.gets
      raise "#{command.first} test-server did not start: #{child.value}" if line.nil?

      new(JSON.parse(line), stdin, child)
    end

    def initialize(places, stdin = nil, child = nil)
      @host = places.fetch('host')
      @port = Integer(places.fetch('port'))
      @url = places.fetch('url')
      @socket_path = places['socketPath']
      @env = places.fetch('env', {})
      @stdin = stdin
      @child = child
    end

    # Waits; what was received and nil, or nil and a report. Keys are those of GET /api/test/wait.
    def wait(expected)
      answer = get('wait', { timeout: '5s' }.merge(expected))
      body = JSON.parse(answer.body)
      raise ArgumentError, body['error'] if answer.code == '400'

      [body['received'], body['report']]
    end

    def metrics(selected = {})
      JSON.parse(get('metrics', selected).body).fetch('metrics')
    end

    def rejected
      JSON.parse(get('rejected', {}).body).fetch('rejected')
    end

    def reset
      Net::HTTP.post(URI("#{url}/api/test/reset"), '')
    end

    def close
      @stdin&.close
      @child&.value
    end

    private

    def get(path, pairs)
      flat = pairs.flat_map { |key, value| Array(value).map { |one| [key.to_s, one.to_s] } }
      uri = URI("#{url}/api/test/#{path}")
      uri.query = URI.encode_www_form(flat)
      Net::HTTP.start(uri.host, uri.port, read_timeout: 660) { |http| http.get(uri.request_uri) }
    end
  end

  def self.server
    @server ||= Server.start.tap { |server| RSpec.configuration.after(:suite) { server.close } }
  end

  # What examples with :dogstatsd have.
  module Helper
    def dogstatsd
      WhippetDogstatsd.server
    end
  end
end

RSpec::Matchers.define :have_received_metric do |name, expected = {}|
  match do |server|
    received, @report = server.wait({ name: name }.merge(expected))
    !received.nil?
  end
  failure_message { @report }
  failure_message_when_negated { "expected not to receive metric #{name} #{expected}" }
end

RSpec::Matchers.define :have_rejected_nothing do
  match { |server| server.rejected.empty? }
  failure_message { |server| server.rejected.map { |one| "rejected #{one['line']}  #{one['reason']}" }.join("\n") }
end

RSpec.configure do |config|
  config.include WhippetDogstatsd::Helper, :dogstatsd
  config.around(:each, :dogstatsd) do |example|
    before = ENV.to_h
    ENV.update(dogstatsd.env)
    dogstatsd.reset
    example.run
  ensure
    ENV.replace(before)
  end
end
