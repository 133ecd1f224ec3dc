"""The floor: what any cdk8s program in Python costs that makes nothing."""

from cdk8s import App, Chart

app = App()
Chart(app, "empty")
app.synth()
