# frozen_string_literal: true

require 'socket'
require_relative '../whippet_dogstatsd'

RSpec.describe 'the helper', :dogstatsd do
  def send_line(line)
    socket = UDPSocket.new
    socket.send(line, 0, dogstatsd.host, dogstatsd.port)
    socket.close
  end

  it 'receives what is sent' do
    send_line('checkout.paid:3|c|#env:test')
    expect(dogstatsd).to have_received_metric('checkout.paid', type: 'count', tag: ['env:test'], sum: 3)
    expect(dogstatsd).to have_rejected_nothing
  end

  it 'begins empty and has the variables' do
    expect(dogstatsd.metrics).to eq([])
    expect(ENV.fetch('DD_DOGSTATSD_PORT')).to eq(dogstatsd.port.to_s)
  end

  it 'says what came instead' do
    send_line('checkout.piad:1|c')
    expect(dogstatsd).to have_received_metric('checkout.piad')
    expect { expect(dogstatsd).to have_received_metric('checkout.paid', timeout: '10ms') }
      .to raise_error(RSpec::Expectations::ExpectationNotMetError, /received, nearest first/)
  end

  it 'refuses a slip' do
    expect { expect(dogstatsd).to have_received_metric('checkout.paid', summ: 3) }
      .to raise_error(ArgumentError, /did you mean "sum"/)
  end
end
